//! No text makes a parser panic, whatever its bytes.

use podsec::standards::{
    Level, LevelVersion, Mode, Policy, Version, effective_policy, evaluate,
    pod::{Annotations, Pod, Volume},
    quoted,
};
use proptest::prelude::*;

use crate::pods;

/// Text made of pieces that mean something to one parser or another, and of anything else.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(
        &[
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u",
            "d83d",
            "\\",
            "null",
            "true",
            "0",
            "-",
            "1e999",
            "spec",
            "metadata",
            "containers",
            "name",
            "annotations",
            "volumes",
            "hostPath",
            "securityContext",
            "&a",
            "*a",
            "<<",
            "!!str",
            "!!binary",
            "|",
            ">",
            "\n",
            "\n  ",
            "- ",
            "---\n",
            "# ",
            "? ",
            "%",
            "\t",
            "\u{0}",
            "\u{feff}",
        ][..],
    );
    let piece = prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

/// The text of a pod with some of its bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4);
    (pods::pod(), damage, any::<bool>()).prop_map(|(pod, damage, as_yaml)| {
        let text = if as_yaml { serde_saphyr::to_string(&pod).unwrap() } else { pod.to_string() };
        let mut bytes = text.into_bytes();
        for (index, byte) in damage {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        bytes
    })
}

fn read(text: &str) {
    let judge = |pod: &Pod<'_>| {
        let evaluation = evaluate(LevelVersion::new(Level::Restricted, Version::Latest), pod);
        evaluation.findings().flat_map(|finding| finding.offences()).for_each(|offence| {
            let _ = (offence.path().to_string(), offence.remedy().to_string());
        });
    };
    match Pod::from_json(text) {
        Ok(pod) => judge(&pod),
        Err(error) => drop(error.to_string()),
    }
    if let Ok(pod) = Pod::from_served(text.as_bytes()) {
        judge(&pod);
    }
    if let Ok(pod) = serde_saphyr::from_str(text) {
        judge(&pod);
    }
    let _ = serde_json::from_str::<Annotations<'_>>(text);
    let _ = serde_json::from_str::<Volume<'_>>(text);
    let _ = text.parse::<LevelVersion>();
    let _ = text.parse::<Mode>();
    let _ = quoted(text).to_string();
    let (_, errors) = effective_policy(&Policy::default(), |_| Some(text));
    for error in errors {
        drop(error.to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_bytes(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        drop(Pod::from_served(&bytes));
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn of_pieces(text in text()) {
        read(&text);
    }

    #[test]
    fn of_a_damaged_pod(bytes in damaged()) {
        drop(Pod::from_served(&bytes));
        read(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn versions_are_read_as_they_are_written(text in "v1\\.[0-9]{1,20}|latest|v[0-9.]{0,6}") {
        if let Ok(version) = text.parse::<Version>() {
            prop_assert_eq!(version.to_string(), text);
        }
    }
}
