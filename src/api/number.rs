//! Numbers with the words that go by them: the one place that tells one from many.

use std::fmt::Display;

/// `1 namespace`, `3 namespaces`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, one: &str) -> String {
    let many = agreed(&count, "", "s");
    format!("{count} {one}{many}")
}

/// The word for one, or that for none and many: `violates`, `violate`.
pub fn agreed<'w, N: PartialEq + From<u8>>(count: &N, one: &'w str, many: &'w str) -> &'w str {
    if *count == N::from(1) { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_told_from_many() {
        assert_eq!([0_usize, 1, 2].map(|count| counted(count, "pod")), ["0 pods", "1 pod", "2 pods"]);
        assert_eq!([0_u64, 1, 2].map(|count| agreed(&count, "runs", "run")), ["run", "runs", "run"]);
    }
}
