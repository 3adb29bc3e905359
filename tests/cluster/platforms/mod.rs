//! What `docs/platforms.md` says of platforms, as far as an API server can be made to behave like theirs.

mod defaults;
mod openshift;
mod rancher;

/// The page.
fn page() -> String {
    std::fs::read_to_string(crate::stage::path("docs/platforms.md")).unwrap()
}
