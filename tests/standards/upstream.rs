//! The program around upstream's evaluator (`tests/standards/upstream/`), built once and kept.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::LazyLock,
};

use podsec::standards::LevelVersion;
use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};
use serde_json::Value;

/// The module whose evaluator is asked.
const MODULE: &str = "k8s.io/pod-security-admission";

static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    podsec_control_plane::build_module("podsec-upstream", &source()).expect("a build with Go")
});

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standards/upstream")
}

/// The folder of the fixtures that the module brings for its own tests.
pub(crate) fn fixtures() -> PathBuf {
    podsec_control_plane::module_folder(&source(), MODULE).expect("the module").join("test/testdata")
}

/// Where characters turn printable and not printable in Go, in turn.
pub(crate) fn bounds() -> Vec<u32> {
    let output = Command::new(&*PROGRAM).arg("bounds").output().expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let numbers = text.split(',').filter_map(|number| number.trim().strip_prefix("0x"));
    numbers.map(|number| u32::from_str_radix(number, 16).unwrap()).collect()
}

/// A level and version, as an API server of some minor takes it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Policy {
    #[serde(flatten, serialize_with = "level_and_version")]
    pub(crate) asked: LevelVersion,
    /// None for one that is as new as the tables.
    pub(crate) server: Option<u32>,
}

fn level_and_version<S: Serializer>(asked: &LevelVersion, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Written {
        level: String,
        version: String,
    }
    Written { level: asked.level.to_string(), version: asked.version.to_string() }.serialize(serializer)
}

/// A pod with policies to judge it by.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Question {
    pub(crate) pod: Value,
    pub(crate) policies: Vec<Policy>,
}

/// A judgement for each policy, or why the pod could not be read.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) error: String,
    #[serde(deserialize_with = "list_or_null")]
    pub(crate) judgements: Vec<Judgement>,
}

/// What each check says that was run, and the aggregate of those that refuse the pod.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Judgement {
    pub(crate) results: Vec<CheckResult>,
    pub(crate) reason: String,
    pub(crate) detail: String,
}

/// What one check says.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct CheckResult {
    pub(crate) allowed: bool,
    pub(crate) reason: String,
    pub(crate) detail: String,
}

fn list_or_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Judgement>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A running program that answers a line with a line, ended when dropped.
pub(crate) struct Lines {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Lines {
    /// Starts the program with one of its commands.
    pub(crate) fn start(command: &str) -> Self {
        let mut child = Command::new(&*PROGRAM)
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program");
        let questions = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self { child, questions, answers }
    }

    /// One round trip.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, question: &impl Serialize) -> T {
        let mut line = serde_json::to_vec(question).unwrap();
        line.push(b'\n');
        self.questions.write_all(&line).expect("a program that reads");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("an answer");
        serde_json::from_str(&answer).expect("an answer")
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Upstream's evaluator.
pub(crate) struct Upstream(Lines);

impl Upstream {
    pub(crate) fn start() -> Self {
        Self(Lines::start("evaluate"))
    }

    /// Asks about many pods in one round trip.
    pub(crate) fn ask(&mut self, questions: &[Question]) -> Vec<Answer> {
        #[derive(Serialize)]
        struct Request<'a> {
            cases: &'a [Question],
        }
        let answers: Vec<Answer> = self.0.ask(&Request { cases: questions });
        assert_eq!(answers.len(), questions.len());
        answers
    }
}
