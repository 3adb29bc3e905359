//! That not all could be read or told.

use crate::api::counted;

/// That not all could be read or told. What and why is part of the output, but for what is not there at all: whoever
/// misspells a name or a label must not have to look for it.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.text())]
pub(in crate::cli) struct NotTold {
    /// What was asked for and is not there.
    pub(in crate::cli) absent: Vec<String>,
    /// How many things could not be read.
    pub(in crate::cli) failed: usize,
    /// Of how many podsec cannot tell.
    pub(in crate::cli) untold: usize,
    /// What one of them is called.
    pub(in crate::cli) of: &'static str,
}

impl NotTold {
    /// Whether all was told after all.
    ///
    /// # Errors
    ///
    /// When it was not, with what there is to say.
    pub(in crate::cli) fn or_all(self) -> Result<(), Self> {
        if self.absent.is_empty() && self.failed + self.untold == 0 { Ok(()) } else { Err(self) }
    }

    fn text(&self) -> String {
        let Self { absent, failed, untold, of } = self;
        let mut parts = absent.clone();
        // What is not there could not be read either, and is named.
        let failed = failed.saturating_sub(absent.len());
        parts.extend((failed > 0).then(|| format!("{failed} could not be read")));
        parts.extend((*untold > 0).then(|| format!("{} cannot be told", counted(*untold, of))));
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(absent: &[&str], failed: usize, untold: usize) -> Option<String> {
        let absent = absent.iter().map(|&absent| absent.to_owned()).collect();
        NotTold { absent, failed, untold, of: "workload" }.or_all().err().map(|error| error.to_string())
    }

    #[test]
    fn what_was_not_told_is_said_in_one_line() {
        assert_eq!(text(&[], 0, 0), None);
        assert_eq!(text(&[], 2, 1).as_deref(), Some("2 could not be read, 1 workload cannot be told"));
        let told = text(&["there is no namespace a"], 1, 2);
        assert_eq!(told.as_deref(), Some("there is no namespace a, 2 workloads cannot be told"));
        assert_eq!(text(&["no namespace is so"], 0, 0).as_deref(), Some("no namespace is so"));
    }
}
