//! Manifests with comments, and expressions as blocks.

use std::fmt::Write as _;

use super::Policy;
use crate::{cli::output::plain, rollout::admission::Variable};

/// The width of a comment.
const WIDTH: usize = 110;

/// A manifest that is being written.
#[derive(Debug, Default)]
pub(super) struct Manifest(String);

impl Manifest {
    /// A policy or its binding, up to its spec.
    pub(super) fn new(about: &str, kind: &str, policy: Policy) -> Self {
        let mut manifest = Self::default();
        manifest.comment(0, about);
        manifest.text(
            0,
            &format!(
                "apiVersion: admissionregistration.k8s.io/v1\nkind: {kind}\nmetadata:\n  name: {}\n  labels:\n    \
                 app.kubernetes.io/name: podsec\n    app.kubernetes.io/component: admission-policies\nspec:",
                policy.name()
            ),
        );
        manifest
    }

    /// Lines at an indent.
    pub(super) fn text(&mut self, indent: usize, text: &str) {
        for line in text.lines() {
            // Writing to a string cannot fail.
            _ = writeln!(self.0, "{:indent$}{line}", "");
        }
    }

    /// A comment at an indent.
    pub(super) fn comment(&mut self, indent: usize, text: &str) {
        let mut line = String::new();
        let text = plain(text);
        for word in text.split(' ') {
            if !line.is_empty() && indent + 2 + line.len() + 1 + word.len() > WIDTH {
                self.text(indent, &format!("# {line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            self.text(indent, &format!("# {line}"));
        }
    }

    /// An expression under a key.
    pub(super) fn expression(&mut self, indent: usize, key: &str, expression: &str) {
        self.text(indent, &format!("{key}: |-"));
        // An item's key stands behind its dash.
        let indent = indent + if key.starts_with("- ") { 4 } else { 2 };
        self.text(indent, expression);
    }

    /// The variables of a policy.
    pub(super) fn variables(&mut self, variables: &[Variable]) {
        self.text(2, "variables:");
        for Variable { name, about, expression } in variables {
            self.comment(2, about);
            self.text(2, &format!("- name: {name}"));
            self.expression(4, "expression", expression);
        }
    }

    /// The requests that a policy is about.
    pub(super) fn requests(&mut self, operations: &str, resources: &str) {
        self.text(
            2,
            &format!(
                "matchConstraints:\n  resourceRules:\n  - apiGroups: [\"\"]\n    apiVersions: [v1]\n    \
                 operations: [{operations}]\n    resources: [{resources}]"
            ),
        );
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
