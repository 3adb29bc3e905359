//! The labels or annotations of an object.

use std::{collections::BTreeMap, fmt};

/// Texts by key, as `metadata.labels` and `metadata.annotations` have them.
///
/// There is one of these for each namespace of a cluster, and a map would take several times what is in it: all texts
/// are in one piece of memory, and a key is looked for from one end to the other.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct KeyValues {
    /// Key, value, key, value and so on, by key.
    text: Box<str>,
    /// Where each of them ends.
    ends: Box<[u32]>,
}

impl KeyValues {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|(present, _)| *present == key).map(|(_, value)| value)
    }

    /// Keys and values, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut begin = 0;
        let mut texts = self.ends.iter().map(move |end| {
            let end = usize::try_from(*end).unwrap_or(usize::MAX);
            let text = self.text.get(begin..end).unwrap_or_default();
            begin = end;
            text
        });
        std::iter::from_fn(move || Some((texts.next()?, texts.next()?)))
    }

    /// How many keys there are.
    pub const fn len(&self) -> usize {
        self.ends.len() / 2
    }

    /// Whether there is no key.
    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Sets a key, or takes it away.
    #[cfg(test)]
    pub(crate) fn set(&mut self, key: &str, value: Option<&str>) {
        let rest = self.iter().filter(|(present, _)| *present != key);
        *self = rest.chain(value.map(|value| (key, value))).collect();
    }
}

impl<K: AsRef<str>, V: AsRef<str>> FromIterator<(K, V)> for KeyValues {
    /// Of a key that comes more than once the last value counts. What goes beyond 4 GiB is left out.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let pairs: Vec<(K, V)> = pairs.into_iter().collect();
        let sorted: BTreeMap<&str, &str> =
            pairs.iter().map(|(key, value)| (key.as_ref(), value.as_ref())).collect();
        let (mut text, mut ends) = (String::new(), Vec::with_capacity(sorted.len() * 2));
        for (key, value) in sorted {
            let middle = text.len() + key.len();
            let pair = [u32::try_from(middle), u32::try_from(middle + value.len())];
            if let [Ok(middle), Ok(end)] = pair {
                text.push_str(key);
                text.push_str(value);
                ends.extend([middle, end]);
            }
        }
        Self { text: text.into(), ends: ends.into() }
    }
}

impl fmt::Debug for KeyValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_map(map: BTreeMap<String, String>, other: String) {
            let texts: KeyValues = map.iter().collect();
            let pairs: Vec<_> = map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
            prop_assert_eq!(texts.iter().collect::<Vec<_>>(), pairs);
            for (key, value) in &map {
                prop_assert_eq!(texts.get(key), Some(value.as_str()));
            }
            prop_assert_eq!(texts.get(&other), map.get(&other).map(String::as_str));
        }
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        let texts: KeyValues = [("b", "1"), ("a", ""), ("b", "2")].into_iter().collect();
        assert_eq!(texts.iter().collect::<Vec<_>>(), [("a", ""), ("b", "2")]);
        assert_eq!(format!("{texts:?}"), r#"{"a": "", "b": "2"}"#);
        assert_eq!(KeyValues::default().get(""), None);
    }
}
