//! The `Warning` headers of an answer (RFC 7234, section 5.5), which kube's own calls drop.

use http::HeaderMap;

/// The code of what an API server says. Others are remarks of caches on the way.
const MISCELLANEOUS: &str = "299";

/// The texts of an answer's warnings, in the order in which they came.
///
/// A header that cannot be read is given as it stands: it is nobody's known text, but not nothing.
pub fn warnings(headers: &HeaderMap) -> Vec<String> {
    let mut texts = Vec::new();
    for header in headers.get_all(http::header::WARNING) {
        // The API server writes UTF-8, of which http knows only the ASCII part as text.
        let header = String::from_utf8_lossy(header.as_bytes());
        let mut rest = header.trim();
        while !rest.is_empty() {
            let Some((warning, after)) = read(rest) else {
                texts.push(rest.to_owned());
                break;
            };
            texts.extend((warning.code == MISCELLANEOUS).then_some(warning.text));
            rest = after;
        }
    }
    texts
}

struct Warning<'a> {
    code: &'a str,
    text: String,
}

/// Reads `299 agent "text"`, with a date behind it or none, and what follows the comma.
fn read(header: &str) -> Option<(Warning<'_>, &str)> {
    let (code, rest) = header.split_once(' ')?;
    let (agent, rest) = rest.split_once(' ')?;
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !is_code || agent.is_empty() {
        return None;
    }
    let (text, rest) = quoted_string(rest)?;
    let rest = match rest.strip_prefix('"') {
        Some(date) => date.split_once('"')?.1.trim_start(),
        None => rest,
    };
    let rest = if rest.is_empty() { rest } else { rest.strip_prefix(',')?.trim_start() };
    Some((Warning { code, text }, rest))
}

/// Reads a quoted string, and what follows it.
fn quoted_string(text: &str) -> Option<(String, &str)> {
    let mut characters = text.strip_prefix('"')?.chars();
    let mut content = String::new();
    loop {
        match characters.next()? {
            '"' => return Some((content, characters.as_str().trim_start())),
            '\\' => content.push(characters.next()?),
            other => content.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read_all(headers: &[&str]) -> Vec<String> {
        let headers = headers
            .iter()
            .map(|text| (http::header::WARNING, HeaderValue::from_bytes(text.as_bytes()).unwrap()));
        warnings(&headers.collect())
    }

    #[test]
    fn quotes_and_backslashes_are_unescaped() {
        let recorded = r#"299 - "existing pods in namespace \"a\" violate the new PodSecurity enforce level \"baseline:v1.37\"""#;
        assert_eq!(
            read_all(&[recorded]),
            [r#"existing pods in namespace "a" violate the new PodSecurity enforce level "baseline:v1.37""#]
        );
        assert_eq!(read_all(&[r#"299 - "a \\ b \" c""#]), [r#"a \ b " c"#]);
        assert_eq!(read_all(&["299 - \"caf\u{e9} \u{1f600}\""]), ["caf\u{e9} \u{1f600}"]);
        assert_eq!(read_all(&[r#"299 - """#]), [""]);
    }

    #[test]
    fn there_may_be_several_headers_and_several_in_one() {
        let headers = [
            r#"299 - "one, and \", 299 - \"", 299 proxy "two" "Wed, 21 Oct 2015 07:28:00 GMT",299 - "three""#,
            r#" 299 - "four"  "#,
        ];
        assert_eq!(read_all(&headers), [r#"one, and ", 299 - ""#, "two", "three", "four"]);
    }

    #[test]
    fn remarks_of_caches_are_left_out() {
        assert_eq!(read_all(&[r#"110 cache "Response is Stale", 299 - "one""#]), ["one"]);
        assert!(warnings(&HeaderMap::new()).is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_given_as_it_stands() {
        let odd = [
            "299",
            "299 -",
            "299 - text",
            r#"299 - "never closed"#,
            r#"299 - "never closed\""#,
            r#"299 - "never closed\"#,
            r#"2999 - "no code""#,
            r#"299  "no agent""#,
            r#"299 - "a" b"#,
            r#"299 - "a" "never closed"#,
        ];
        for header in odd {
            assert_eq!(read_all(&[header]), [header]);
        }
        assert_eq!(read_all(&[r#"299 - "a", rest"#]), ["a", "rest"]);
    }
}
