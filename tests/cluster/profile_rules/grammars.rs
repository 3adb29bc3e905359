//! The texts with a grammar of their own: whatever podsec reads the API server accepts, and nothing else.

use futures::{StreamExt, stream};
use kube::Client;
use podsec::api::read_profile;
use serde_json::{Value, json};

use super::{cluster, create};

/// A grammar: a place in a profile, texts at and beyond its edges, and characters to change them with.
struct Grammar {
    profile: fn(&str) -> Value,
    texts: &'static [&'static str],
    characters: &'static str,
}

/// How many changed texts are tried for each grammar.
const CHANGED: usize = 300;

#[tokio::test]
async fn versions() {
    agree(&Grammar {
        profile: |text| spec(json!({"enforce": {"level": "baseline", "version": text}})),
        texts: &[
            "server",
            "server-1",
            "server-9",
            "server-10",
            "server-99",
            "server-100",
            "server-0",
            "server-01",
            "server-",
            "latest",
            "v1.0",
            "v1.9",
            "v1.10",
            "v1.9999",
            "v1.10000",
            "v1.00",
            "v1.01",
            "v1",
            "v1.",
            "v2.1",
            "V1.1",
            "v1.1\n",
            "\nv1.1",
            "v1.１",
            "v1x1",
            "latest ",
            "v1.-1",
            "v1.+1",
        ],
        characters: "0123456789v.-+serlat \n",
    })
    .await;
}

#[tokio::test]
async fn durations() {
    agree(&Grammar {
        profile: |text| spec(json!({"rollout": {"soak": text, "batch": {"size": 1, "every": text}}})),
        texts: DURATIONS,
        characters: "0123456789.hmsnuµ+- \n",
    })
    .await;
    agree(&Grammar {
        profile: |text| spec(json!({"rollout": {"soak": text}})),
        texts: DURATIONS,
        characters: "0123456789.hmsnu",
    })
    .await;
}

const DURATIONS: &[&str] = &[
    "0",
    "0s",
    "00",
    "-0",
    "1s",
    "0.999999999s",
    "999999999ns",
    "1000000000ns",
    "0.1s900ms",
    "1h30m",
    "24h",
    "8760h",
    "8760h0.000000001s",
    "8760.000000001h",
    "8759h60m",
    "8759h59m60s",
    "525600m",
    "31536000s",
    "31536001s",
    "99999h",
    "100000h",
    "9999999m",
    "10000000m",
    "999999999s",
    "1000000000s",
    "99999h99999h99999h99999h99999h",
    "1h1h1h1h1h1h1h1h1h1h1h1h1h1h1h1h",
    "1h1h1h1h1h1h1h1h1h1h1h1h1h1h1h1h1h",
    "1.5h",
    "1.h",
    ".5h",
    "1.123456789s",
    "1.1234567890s",
    "1h-30m",
    "+1h",
    "-1h",
    "1 h",
    " 1h",
    "1h ",
    "1h\n",
    "1H",
    "1d",
    "1w",
    "1us",
    "1µs",
    "1μs",
    "1",
    "h",
    "",
    "1e3s",
    "0x1s",
    "１h",
    "1,5h",
    "PT1H",
    "3599.999999999999s",
];

#[tokio::test]
async fn moments() {
    agree(&Grammar {
        profile: |text| spec(json!({"rollout": {"forceAfter": text}})),
        texts: &[
            "2027-06-30T00:00:00Z",
            "2027-06-30T23:59:59.999999999+23:59",
            "2027-06-30T00:00:00.1234567890Z",
            "2027-06-30T00:00:00.Z",
            "2027-06-30T00:00:00,5Z",
            "2027-06-30T24:00:00Z",
            "2027-06-30T23:60:00Z",
            "2027-06-30T23:59:60Z",
            "2016-12-31T23:59:60Z",
            "2027-06-30T00:00:00+24:00",
            "2027-06-30T00:00:00-00:00",
            "2027-06-30T00:00:00+00:60",
            "2027-06-30T00:00:00+0100",
            "2027-06-30T00:00:00+01",
            "2027-06-30t00:00:00z",
            "2027-06-30 00:00:00Z",
            "2027-06-30T00:00:00",
            "2027-06-30T00:00Z",
            "2027-06-30",
            "2027-6-30T00:00:00Z",
            "2027-02-28T00:00:00Z",
            "2027-02-29T00:00:00Z",
            "2028-02-29T00:00:00Z",
            "2100-02-29T00:00:00Z",
            "2000-02-29T00:00:00Z",
            "2400-02-29T00:00:00Z",
            "2800-02-29T00:00:00Z",
            "2200-02-29T00:00:00Z",
            "2027-02-30T00:00:00Z",
            "2027-02-31T00:00:00Z",
            "2027-04-31T00:00:00Z",
            "2027-11-31T00:00:00Z",
            "2027-01-32T00:00:00Z",
            "2027-00-10T00:00:00Z",
            "2027-13-10T00:00:00Z",
            "2027-01-00T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "1999-12-31T23:59:59Z",
            "1999-12-31T23:59:59.999999999-00:01",
            "1999-12-31T23:59:59-23:59",
            "2000-01-01T00:00:00Z",
            "2000-01-01T00:00:00+00:01",
            "2999-12-31T23:59:59Z",
            "2999-12-31T23:59:59.999999999Z",
            "2999-12-31T23:59:59-00:01",
            "3000-01-01T00:00:00Z",
            "3000-01-01T00:00:00+00:01",
            "3000-01-01T00:00:59.999999999+00:01",
            "3000-02-29T00:00:00Z",
            "9999-12-31T23:59:59Z",
            "+02027-06-30T00:00:00Z",
            "-002027-06-30T00:00:00Z",
            "2027-06-30T00:00:00Z[UTC]",
            "2027-06-30T00:00:00Z\n",
            " 2027-06-30T00:00:00Z",
            "2027-W26-3T00:00:00Z",
            "2027-06-30T00:00:00−01:00",
            "２０27-06-30T00:00:00Z",
            "20270630T000000Z",
            "tomorrow",
            "",
            "1830297600",
        ],
        characters: "0123456789-:.TZ+ ",
    })
    .await;
}

#[tokio::test]
async fn names() {
    agree(&Grammar {
        profile: |text| spec(json!({"namespaceNames": [text]})),
        texts: &[
            "a", "*", "**", "-", "a-", "a*b", "A", "a_b", "a.b", "", " ", "a\n", "é", "a b", "[a]", "a?",
            "{a,b}", "!a",
        ],
        characters: "abz019-*.?_A ",
    })
    .await;
    agree(&Grammar {
        profile: |text| spec(json!({"exemptions": [{"name": text, "reason": "why"}]})),
        texts: &["a", "team-*", "", "Team"],
        characters: "abz019-*.?_A ",
    })
    .await;
    agree(&Grammar {
        profile: |text| {
            let mut profile = spec(json!({}));
            profile["metadata"]["name"] = json!(text);
            profile
        },
        texts: &[
            "a", "a.b", "a-b", "a..b", ".a", "a.", "-a", "a-", "a.-b", "A", "a,b", "a=b", "a/b", "a b", "é",
            "a\n", "0",
        ],
        characters: "abz019-.,=/A ",
    })
    .await;
}

#[tokio::test]
async fn labels() {
    agree(&Grammar {
        profile: |text| selector(&json!({"matchExpressions": [{"key": text, "operator": "Exists"}]})),
        texts: KEYS,
        characters: "abZ09-._/ é",
    })
    .await;
    agree(&Grammar {
        profile: |text| selector(&json!({"matchLabels": {text: "apps"}})),
        texts: KEYS,
        characters: "abZ09-._/ é",
    })
    .await;
    let values = &[
        "",
        "a",
        "A",
        "a-",
        "-a",
        "a_b.c-D9",
        "_",
        ".",
        " ",
        "a b",
        "a\n",
        "é",
        "a/b",
        "a*",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ];
    agree(&Grammar {
        profile: |text| selector(&json!({"matchLabels": {"tier": text}})),
        texts: values,
        characters: "abZ09-._/ é",
    })
    .await;
    agree(&Grammar {
        profile: |text| {
            selector(&json!({"matchExpressions": [{"key": "a", "operator": "In", "values": [text]}]}))
        },
        texts: values,
        characters: "abZ09-._/ é",
    })
    .await;
}

const KEYS: &[&str] = &[
    "a",
    "A",
    "a_b.c-D9",
    "-a",
    "a-",
    "",
    "/",
    "/a",
    "a/",
    "a/b",
    "A/b",
    "a.b/c",
    "a..b/c",
    ".a/c",
    "a./c",
    "a-/c",
    "-a/c",
    "a/b/c",
    "a_b/c",
    "a\n",
    "é",
    "a b",
    "a-b.c-d/E_f.g",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "p.q/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "p.q/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    // A prefix of 253 characters, and of 254.
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.\
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.\
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/b",
];

#[tokio::test]
async fn reasons() {
    agree(&Grammar {
        profile: |text| spec(json!({"exemptions": [{"name": "a", "reason": text}]})),
        texts: &[
            "", " ", "\t", "\n", "\u{b}", "\u{c}", "\r", "\u{85}", "\u{a0}", "\u{1680}", "\u{180e}",
            "\u{2000}", "\u{200a}", "\u{200b}", "\u{2028}", "\u{2029}", "\u{202f}", "\u{205f}", "\u{2060}",
            "\u{3000}", "\u{feff}", "\u{0}", "\u{1f}", "x",
        ],
        characters: " \t\n\u{a0}\u{85}\u{2028}\u{3000}",
    })
    .await;
}

/// A profile with a whole spec, and more.
fn spec(more: Value) -> Value {
    let mut spec = json!({"namespaceSelector": {}, "enforce": {"level": "baseline"}});
    if let (Value::Object(spec), Value::Object(more)) = (&mut spec, more) {
        spec.extend(more);
    }
    json!({
        "apiVersion": "podsec.dev/v1alpha1", "kind": "ClusterPodSecurityProfile", "metadata": {"name": "grammar"},
        "spec": spec,
    })
}

fn selector(selector: &Value) -> Value {
    spec(json!({"namespaceSelector": selector}))
}

/// Puts each text, and changed ones, into a profile, and asks both.
async fn agree(grammar: &Grammar) {
    let client = &cluster().await.admin().unwrap();
    let written = grammar.texts.iter().map(|text| (*text).to_owned());
    let texts: Vec<_> = written.chain(Changes(1).of(grammar).take(CHANGED)).collect();
    let verdicts: Vec<_> = stream::iter(&texts)
        .map(|text| async move { (text, verdicts(client, &(grammar.profile)(text)).await) })
        .buffer_unordered(8)
        .collect()
        .await;
    for (text, (offline, server)) in &verdicts {
        assert_eq!(offline.is_ok(), server.is_ok(), "{text:?}: offline {offline:?}, API server {server:?}");
    }
    let accepted = verdicts.iter().filter(|(_, (offline, _))| offline.is_ok()).count();
    assert!((3..verdicts.len() - 3).contains(&accepted), "{accepted} of {} accepted", verdicts.len());
}

async fn verdicts(client: &Client, profile: &Value) -> (Result<(), String>, Result<(), String>) {
    let offline = read_profile(profile).map(|_| ()).map_err(|refused| refused.to_string());
    let server = create(client, profile, true).await.map(|_| ()).map_err(|refusal| refusal.message);
    // A rule that fails to evaluate refuses too, but not in words that help.
    if let Err(message) = &server {
        assert!(!message.contains("rule:") && !message.contains("evaluat"), "{message}");
    }
    (offline, server)
}

/// Small changes to texts, the same in every run.
struct Changes(u64);

impl Changes {
    /// A number below a bound, from a linear congruential generator (Knuth's constants).
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound
    }

    /// Texts of a grammar with one to three characters replaced, added or taken away.
    fn of(mut self, grammar: &Grammar) -> impl Iterator<Item = String> {
        let alphabet: Vec<_> = grammar.characters.chars().collect();
        std::iter::repeat_with(move || {
            let mut text: Vec<_> = grammar.texts[self.below(grammar.texts.len())].chars().collect();
            for _ in 0..=self.below(3) {
                let at = self.below(text.len() + 1);
                let character = alphabet[self.below(alphabet.len())];
                match self.below(3) {
                    0 => text.insert(at, character),
                    1 if at < text.len() => text[at] = character,
                    _ if at < text.len() => _ = text.remove(at),
                    _ => {}
                }
            }
            text.into_iter().collect()
        })
    }
}
