//! What `docs/platforms.md` says of platforms, as far as an API server can be made to behave like theirs.

mod defaults;
mod openshift;
mod rancher;

use crate::{
    ownership::page::{blocks, run},
    stage::{Stage, path},
};

/// The page.
fn page() -> String {
    std::fs::read_to_string(path("docs/platforms.md")).unwrap()
}

#[tokio::test]
async fn its_commands_work() {
    let stage = Stage::new().await;
    stage.namespace("shop", &[("enforce", "baseline")]).await;
    let page = page();
    let commands = blocks(&page, "console");
    assert!(commands.len() >= 2, "{commands:#?}");
    let printed: String = commands.iter().map(|commands| run(&stage, path("."), commands)).collect();
    for part in ["Nothing was created or changed", "read only, nothing changed", "kubectl-create"] {
        assert!(printed.contains(part), "{part} is not in\n{printed}");
    }
}
