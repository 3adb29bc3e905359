//! Names that are only ever compared, in few bytes.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroU64,
};

/// Stands for something long that is only ever asked whether it is the same: a uid, the revision that a pod came from,
/// a whole pod template. Two that differ have the same fingerprint once in 2^128.
///
/// It holds within one process: another build of podsec may compute others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(NonZeroU64, u64);

impl Fingerprint {
    /// The fingerprint of a value, which must hash the same whenever it is meant to be the same.
    pub fn of<T: Hash + ?Sized>(value: &T) -> Self {
        let hashed = |salt: u8| {
            let mut hasher = DefaultHasher::new();
            salt.hash(&mut hasher);
            value.hash(&mut hasher);
            hasher.finish()
        };
        Self(NonZeroU64::new(hashed(0)).unwrap_or(NonZeroU64::MIN), hashed(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_has_the_same_and_an_optional_one_costs_nothing() {
        assert_eq!(Fingerprint::of("a"), Fingerprint::of(&"a".to_owned()));
        assert_ne!(Fingerprint::of("a"), Fingerprint::of("b"));
        assert_eq!(size_of::<Option<Fingerprint>>(), 16);
    }
}
