//! The audit default, which no client sees: only the audit log does. But of an exempt namespace Pod Security warns when
//! its labels would make another policy of the default one, and it keeps silent where they make the same.

use super::{
    asking::{Asking, AuditError},
    findings::Answer,
};
use crate::{
    cluster::CallError,
    standards::{Level, LevelVersion, Version},
};

/// Nobody has it as a default: it is older than Pod Security.
const UNUSED: LevelVersion = LevelVersion::new(Level::Baseline, Version::Minor(3));

/// Finds the audit default by an exempt namespace. `strict_otherwise` says that another default is known to be other
/// than privileged.
///
/// # Errors
///
/// When the API server does not answer.
pub(super) async fn audit_default(
    asking: &Asking,
    exempt: &str,
    strict_otherwise: bool,
    server_minor: u32,
) -> Result<Answer<LevelVersion>, CallError> {
    let found = match find(asking, exempt, strict_otherwise, server_minor).await {
        Ok(found) => found,
        Err(AuditError::Refused(message)) => return Ok(Answer::unknown(message)),
        Err(AuditError::Call(error)) => return Err(error),
    };
    Ok(found.map_or_else(
        || Answer::unknown("only the audit log tells: an exempt namespace was not answered as expected"),
        |value| {
            Answer::sure(
                value,
                format!("Pod Security warns of every other value in {exempt}, which is exempt"),
            )
        },
    ))
}

async fn find(
    asking: &Asking,
    exempt: &str,
    strict_otherwise: bool,
    server_minor: u32,
) -> Result<Option<LevelVersion>, AuditError> {
    if !asking.warns_of_audit(exempt, UNUSED).await? {
        return Ok(None);
    }
    let privileged = LevelVersion::new(Level::Privileged, Version::Latest);
    // Where nothing else is asked for either, Pod Security never warns of privileged: that is left when all else is out.
    if strict_otherwise && !asking.warns_of_audit(exempt, privileged).await? {
        return Ok(Some(privileged));
    }
    for version in [Version::Latest]
        .into_iter()
        .chain((0..=server_minor).rev().map(|minor| Version::Minor(minor.into())))
    {
        for level in [Level::Restricted, Level::Baseline] {
            let policy = LevelVersion::new(level, version);
            if policy != UNUSED && !asking.warns_of_audit(exempt, policy).await? {
                return Ok(Some(policy));
            }
        }
    }
    Ok((!strict_otherwise).then_some(privileged))
}
