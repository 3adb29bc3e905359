//! Which minor the API server is at.

use kube::Client;

use super::{CallError, within_deadline};

/// Why no minor could be learned.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The API server did not answer.
    #[error("cannot read the API server's version: {0}")]
    Call(#[from] CallError),
    /// The API server gave something that is no Kubernetes 1 minor.
    #[error("the API server gives its version as {major}.{minor}, which is no minor of Kubernetes 1")]
    Odd {
        /// What it gave as major.
        major: String,
        /// What it gave as minor.
        minor: String,
    },
}

/// Asks the API server for its minor.
///
/// An emulated version counts before the binary's own: that is what the server behaves like. Vendors add a `+`
/// (`33+`), which is passed over.
///
/// # Errors
///
/// When it does not answer, or not with a minor of Kubernetes 1.
pub async fn server_minor(client: &Client) -> Result<u32, VersionError> {
    let info = within_deadline(client.apiserver_version()).await?;
    let emulated = info.emulation_major.as_deref() == Some("1");
    let minor = info.emulation_minor.filter(|minor| emulated && !minor.is_empty()).unwrap_or(info.minor);
    match read_minor(&minor) {
        Some(number) if info.major == "1" => Ok(number),
        _ => Err(VersionError::Odd { major: info.major, minor }),
    }
}

fn read_minor(text: &str) -> Option<u32> {
    let digits = text.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vendors_plus_is_passed_over() {
        assert_eq!(read_minor("37"), Some(37));
        assert_eq!(read_minor("33+"), Some(33));
        assert_eq!(read_minor("+"), None);
        assert_eq!(read_minor(""), None);
    }
}
