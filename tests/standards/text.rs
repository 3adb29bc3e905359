//! Go's quoting.

use podsec::standards::is_printable;

use crate::upstream;

#[test]
fn every_character_is_printable_that_is_printable_in_go() {
    let bounds = upstream::bounds();
    assert!(bounds.len() > 1000 && bounds.is_sorted());
    let wrong: Vec<_> = ('\0'..=char::MAX)
        .filter(|c| is_printable(*c) != (bounds.partition_point(|bound| *bound <= u32::from(*c)) % 2 == 1))
        .collect();
    assert!(wrong.is_empty(), "{} characters, the first {:?}", wrong.len(), wrong.first());
}
