//! Upstream's evaluator, in a process of its own that measures itself.

use std::{
    error::Error,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use podsec::standards::Level;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json, value::RawValue};

/// The running program of `tests/standards/upstream/`.
#[derive(Debug)]
pub(crate) struct Upstream {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A pod to judge by one policy, and how often.
#[derive(Serialize)]
struct Question<'a> {
    pod: &'a RawValue,
    policy: Value,
    rounds: u32,
}

/// What it measured.
#[derive(Debug, Deserialize)]
pub(crate) struct Taken {
    /// All rounds together.
    pub(crate) nanoseconds: u64,
    pub(crate) allowed: bool,
}

impl Upstream {
    /// Builds and starts it.
    pub(crate) fn start() -> Result<Self, Box<dyn Error>> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/standards/upstream");
        let program = podsec_control_plane::build_module("podsec-upstream", &source)?;
        let mut child =
            Command::new(program).arg("time").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("a program without pipes".into());
        };
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    /// Has it judge a pod many times.
    pub(crate) fn time(&mut self, pod: &str, level: Level, rounds: u32) -> Result<Taken, Box<dyn Error>> {
        let pod: &RawValue = serde_json::from_str(pod)?;
        let policy = json!({"level": level.to_string(), "version": "latest"});
        let mut line = serde_json::to_vec(&Question { pod, policy, rounds })?;
        line.push(b'\n');
        self.questions.write_all(&line)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
