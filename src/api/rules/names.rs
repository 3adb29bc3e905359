//! Names as Kubernetes has them.

/// Whether a text is a DNS subdomain: labels of lower-case letters, digits and `-` between them, joined by dots.
pub(in crate::api) fn is_subdomain(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| begins_and_ends_well(label) && label.bytes().all(is_dns_byte))
}

/// Whether a text is the name part of a label key, or a label value that is not empty.
pub(super) fn is_qualified_name(text: &str) -> bool {
    text.len() <= 63
        && begins_and_ends_well(text)
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_dns_byte(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')
}

fn begins_and_ends_well(text: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    is_end(text.as_bytes().first()) && is_end(text.as_bytes().last())
}
