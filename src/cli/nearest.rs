//! What somebody who misspelled a name may have meant.

/// How many names are worth reading.
const MOST: usize = 3;

/// The known names that are nearest to a text, the nearest first, as far as one of them may be meant: those that it is
/// part of, and those that few letters away are the same. Letters are alike in either case.
pub(super) fn nearest<'n>(text: &str, known: impl Iterator<Item = &'n str>) -> Vec<&'n str> {
    let text = text.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .filter_map(|name| {
            let lower = name.to_lowercase();
            let is_part = text.len() > 2 && lower.contains(&text);
            let distance = if is_part { 1 } else { distance(&text, &lower) };
            (distance <= 1 + text.chars().count() / 4).then_some((distance, name))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, name)| name).take(MOST).collect()
}

/// How many letters have to be put in, taken out or replaced.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<_> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, known) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *known);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_found_and_nothing_else() {
        let known = ["hostPorts", "hostPathVolumes", "privileged", "seccompProfile_baseline", "procMount"];
        let near = |text: &str| nearest(text, known.into_iter());
        assert_eq!(near("hostport"), ["hostPorts"]);
        assert_eq!(near("HOSTPORTS"), ["hostPorts"]);
        assert_eq!(near("privilegd"), ["privileged"]);
        assert_eq!(near("seccomp"), ["seccompProfile_baseline"]);
        assert_eq!(near("host"), ["hostPathVolumes", "hostPorts"]);
        for far in ["", "x", "xy", "something else"] {
            assert_eq!(near(far), [""; 0], "{far}");
        }
    }

    #[test]
    fn letters_are_counted() {
        let table = [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("kitten", "sitting", 3), ("ab", "ba", 2)];
        for (one, other, expected) in table {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
