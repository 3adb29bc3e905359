//! Building with the Go toolchain, in this crate's folder, which is only read.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::Program;
use super::cache::{partial, say};
use crate::error::{Doing as _, Error};
use crate::process::{Launch, Lifetime, Process};

/// The pinned modules.
pub(super) const MOD: &str = include_str!("../../go.mod");
/// Their checksums.
pub(super) const SUM: &str = include_str!("../../go.sum");

/// Where go.mod lies; it is needed for building only.
pub(super) const SOURCE: &str = env!("CARGO_MANIFEST_DIR");

/// The module whose stages are copied.
const KWOK: &str = "sigs.k8s.io/kwok";

/// How a node gets ready and stays so, and how a pod gets ready, ends and goes: the files under
/// `kustomize/stage` of kwok's module.
pub(super) const STAGES: [&str; 5] = [
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
];

/// How often a long build says that it is still at it.
const PROGRESS: Duration = Duration::from_secs(30);

/// A stage's file name in the cache.
pub(super) fn stage_file(stage: &str) -> String {
    format!("{}.yaml", stage.rsplit('/').next().unwrap_or(stage))
}

/// What is built: the main package of a module.
pub(super) struct Job<'a> {
    /// The program's file name.
    pub(super) name: &'static str,
    /// The folder of go.mod.
    pub(super) source: &'a Path,
    pub(super) package: &'a str,
    pub(super) flags: Vec<String>,
}

impl From<Program> for Job<'_> {
    fn from(program: Program) -> Self {
        let (name, package) = (program.name(), program.package());
        Self { name, source: Path::new(SOURCE), package, flags: flags() }
    }
}

/// The flags of every build.
pub(super) fn plain_flags() -> Vec<String> {
    ["-mod=readonly", "-trimpath"].map(String::from).to_vec()
}

/// The flags of a program that nobody debugs: half the size.
pub(super) fn stripped_flags() -> Vec<String> {
    let mut flags = plain_flags();
    flags.push(String::from("-ldflags=-s -w"));
    flags
}

/// The flags of the control plane's programs. Without the version stamp the API server says that it is v0.0.0, and refuses
/// `--emulated-version`.
pub(super) fn flags() -> Vec<String> {
    let version = pinned("k8s.io/kubernetes ");
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let stamp = "-X k8s.io/component-base/version";
    let mut flags = plain_flags();
    flags.push(format!(
        "-ldflags=-s -w {stamp}.gitVersion={version} {stamp}.gitMajor={major} {stamp}.gitMinor={minor}"
    ));
    flags
}

/// Fails in one line when there is no toolchain that could build `programs`, whose go.mod is in `source`.
pub(super) fn check(programs: &str, source: &Path) -> Result<(), Error> {
    let text = source.join("go.mod");
    let text = fs::read_to_string(&text).doing(|| format!("read {}", text.display()))?;
    let needed = String::from(stated(&text, "go "));
    let programs = programs.to_owned();
    // Asked in that folder, it answers for the toolchain that go.mod makes it choose.
    let output = match go(source, &["env", "GOVERSION"]).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(Error::GoMissing { needed, programs });
        }
        output => output.doing(|| String::from("run go"))?,
    };
    let found = String::from_utf8_lossy(&output.stdout).trim().trim_start_matches("go").to_owned();
    if output.status.success() && release(&found) < release(&needed) {
        return Err(Error::GoTooOld { found, needed, programs });
    }
    if output.status.success() { Ok(()) } else { Err(failed("env GOVERSION", &output.stderr)) }
}

/// Builds one program into `folder`; until it is complete it has another name.
pub(super) fn build(job: &Job<'_>, folder: &Path, position: &str) -> Result<(), Error> {
    let started = Instant::now();
    say(&format!("building {} ({position})", job.name));
    let partial = partial(folder)?;
    let output = partial.path().join(job.name);
    let source = job.source.display().to_string();
    let mut arguments = vec![String::from("build"), String::from("-C"), source];
    arguments.extend(job.flags.iter().cloned());
    arguments.extend([String::from("-o"), output.display().to_string(), job.package.to_owned()]);
    // Guarded, so that a build whose starter was killed does not go on for minutes.
    let mut process = Process::start(Launch {
        component: job.name,
        program: Path::new("go"),
        arguments,
        environment: vec![("CGO_ENABLED", "0".into()), ("GOWORK", "off".into())],
        folder: partial.path(),
        lifetime: Lifetime::Guarded { remove: None },
    })?;
    let mut said = Instant::now();
    let status = loop {
        if let Some(status) = process.exited()? {
            break status;
        }
        if said.elapsed() >= PROGRESS {
            said = Instant::now();
            say(&format!("building {} ({position}): {} s", job.name, started.elapsed().as_secs()));
        }
        std::thread::park_timeout(Duration::from_millis(100));
    };
    if !status.success() {
        return Err(failed(&format!("build {}", job.package), process.tail().as_bytes()));
    }
    let target = folder.join(job.name);
    fs::rename(&output, &target).doing(|| format!("write {}", target.display()))?;
    say(&format!("built {} ({position}) in {} s", job.name, started.elapsed().as_secs()));
    Ok(())
}

/// Where the files of `module` lie, as pinned by the go.mod in `source`. Blocks while it is fetched, once.
pub fn module_folder(source: &Path, module: &str) -> Result<PathBuf, Error> {
    let list = ["list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module];
    let mut folder = ask(source, &list)?;
    if folder.is_empty() {
        // Not on this machine yet: what was built from it came ready-made.
        ask(source, &["mod", "download", module])?;
        folder = ask(source, &list)?;
    }
    Ok(PathBuf::from(folder))
}

/// Copies kwok's stages, so that a start from the cache needs no Go.
pub(super) fn copy_stages(folder: &Path, target: &Path) -> Result<(), Error> {
    let module = module_folder(Path::new(SOURCE), KWOK)?;
    let partial = partial(folder)?;
    let complete = partial.path().join("stages");
    fs::create_dir(&complete).doing(|| format!("create {}", complete.display()))?;
    for stage in STAGES {
        let source = module.join(format!("kustomize/stage/{stage}.yaml"));
        let copy = complete.join(stage_file(stage));
        fs::copy(&source, &copy).doing(|| format!("copy {}", source.display()))?;
    }
    fs::rename(&complete, target).doing(|| format!("write {}", target.display()))
}

fn go(source: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("go");
    command.args(arguments).current_dir(source).env("GOWORK", "off");
    command
}

fn ask(source: &Path, arguments: &[&str]) -> Result<String, Error> {
    let output = go(source, arguments).output().doing(|| String::from("run go"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(failed(&arguments.join(" "), &output.stderr))
    }
}

fn failed(arguments: &str, output: &[u8]) -> Error {
    let output = String::from_utf8_lossy(output).trim().to_owned();
    Error::Go { arguments: arguments.to_owned(), output }
}

/// What stands behind `prefix` on a line of this crate's go.mod.
fn pinned(prefix: &str) -> &'static str {
    stated(MOD, prefix)
}

/// The same for another.
fn stated<'a>(text: &'a str, prefix: &str) -> &'a str {
    let value = text.lines().find_map(|line| line.trim().strip_prefix(prefix)).unwrap_or_default();
    value.split(' ').next().unwrap_or_default()
}

/// The first two numbers of a version.
fn release(version: &str) -> (u32, u32) {
    let mut numbers = version.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().unwrap_or(0)
    });
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_come_from_go_mod() {
        assert!(release(pinned("go ")) >= (1, 26));
        assert!(pinned("k8s.io/kubernetes ").starts_with("v1."));
        let flags = flags();
        assert!(flags.iter().any(|flag| flag.contains("gitMajor=1 ")), "{flags:?}");
    }

    #[test]
    fn releases_compare_as_numbers() {
        assert!(release("1.9.2") < release("1.26.0"));
        assert_eq!(release("1.27rc1"), (1, 27));
        assert_eq!(release("devel"), (0, 0));
    }
}
