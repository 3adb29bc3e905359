//! What the user should know and is no result: said on stderr.

use std::collections::BTreeMap;

use super::report::Skipped;
use crate::{
    api::{agreed, counted},
    manifests::TemplatePath,
};

/// What came up on the way.
#[derive(Debug, Default)]
pub(super) struct Notes {
    /// How many objects of each kind look as if they had a pod template, by what would have them judged.
    templates: BTreeMap<String, u64>,
}

impl Notes {
    /// How many kinds are told of: they are what manifests say.
    const KINDS: usize = 16;

    /// Something was not judged.
    pub(super) fn skipped(&mut self, skipped: &Skipped) {
        let Some(path) = skipped.suggestion.as_ref().map(ToString::to_string) else { return };
        if self.templates.len() < Self::KINDS || self.templates.contains_key(&path) {
            *self.templates.entry(path).or_default() += 1;
        }
    }

    /// All in lines, with the paths that were given and nothing was found for.
    pub(super) fn lines<'a>(&self, unused: impl Iterator<Item = &'a TemplatePath>) -> Vec<String> {
        let skipped = self.templates.iter().map(|(path, count)| {
            let looks = agreed(count, "looks like a workload and was", "look like workloads and were");
            let them = agreed(count, "it", "them");
            format!(
                "{} {looks} skipped; --template-path {path} would have {them} judged",
                counted(*count, "object")
            )
        });
        let unused = unused.map(|path| format!("--template-path {path}: nothing of this kind was found"));
        skipped.chain(unused).collect()
    }
}
