//! podsec as a plugin of kubectl, packed and installed as for a release.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use podsec_control_plane::{Binaries, GitopsTool, Program};
use serde_json::Value;

use crate::stage::path;

/// What a command prints; it must succeed.
fn printed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn krew_installs_what_a_release_consists_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // krew's words for this machine.
    let processor = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
    let pack = |into: &Path| {
        fs::create_dir(into).unwrap();
        let mut script = Command::new(path("deploy/release/archive.sh"));
        let archive = printed(script.arg(env!("CARGO_BIN_EXE_podsec")).args(["linux", processor]).arg(into));
        archive.trim().to_owned()
    };
    let archive = pack(&folder.join("once"));
    assert!(
        fs::read(&archive).unwrap() == fs::read(pack(&folder.join("again"))).unwrap(),
        "not reproducible"
    );

    let mut script = Command::new(path("deploy/release/krew.sh"));
    let text = printed(script.args(["https://git.example/podsec", &archive]));
    let manifest: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(manifest["spec"]["version"], concat!("v", env!("CARGO_PKG_VERSION")));
    let place = concat!("/releases/download/v", env!("CARGO_PKG_VERSION"), "/podsec_linux_");
    let uri = format!("https://git.example/podsec{place}{processor}.tar.gz");
    assert_eq!(manifest["spec"]["platforms"][0]["uri"], uri);

    // krew checks the sum, and that the manifest is whole.
    let file = folder.join("podsec.yaml");
    fs::write(&file, text).unwrap();
    let root = folder.join("krew");
    let mut krew = Command::new(GitopsTool::Krew.ensure().unwrap());
    krew.arg("install").arg(format!("--manifest={}", file.display())).arg(format!("--archive={archive}"));
    printed(krew.env("KREW_ROOT", &root).env("HOME", folder).env("KREW_NO_UPGRADE_CHECK", "1"));

    let kubectl = Binaries::ensure(&[Program::Kubectl]).unwrap().path(Program::Kubectl);
    let mut plugin = Command::new(kubectl);
    plugin.args(["podsec", "--version"]).env("PATH", root.join("bin")).env("HOME", folder);
    assert_eq!(printed(&mut plugin), concat!("kubectl podsec ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(root.join("store/podsec").join(concat!("v", env!("CARGO_PKG_VERSION"))).join("LICENSE").exists());
}
