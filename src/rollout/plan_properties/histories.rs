//! Random histories: profiles that come and go, and what others do to a namespace and to podsec's notes.

use proptest::{collection::vec, option, prelude::*, sample::select};

use super::super::{
    super::{
        Completeness, Profile,
        testing::{self, COMPLETE, apply, forge, profile, update},
    },
    *,
};

/// What may happen to a namespace between two plans.
#[derive(Clone, Debug)]
pub(super) enum Event {
    Profiles {
        specs: Vec<(String, String)>,
        unreadable: Vec<String>,
        complete: bool,
    },
    Label {
        manager: &'static str,
        key: &'static str,
        value: Option<&'static str>,
    },
    Note {
        key: &'static str,
        value: Option<&'static str>,
    },
    /// An apply under podsec's own name, which anybody may take.
    Forged {
        enforce: Option<&'static str>,
        governed_by: Option<&'static str>,
        removes: bool,
    },
}

fn arb_mode() -> impl Strategy<Value = serde_json::Value> {
    let level = select(vec!["privileged", "baseline", "restricted"]);
    let version = option::of(select(vec!["server", "server-1", "latest", "v1.30"]));
    (level, version).prop_map(|(level, version)| match version {
        Some(version) => serde_json::json!({"level": level, "version": version}),
        None => serde_json::json!({"level": level}),
    })
}

pub(super) fn arb_spec() -> impl Strategy<Value = String> {
    let modes = (option::of(arb_mode()), option::of(arb_mode()));
    let selection = select(vec![
        r#"{"namespaceSelector": {}}"#,
        r#"{"namespaceSelector": {"matchLabels": {"tier": "apps"}}}"#,
        r#"{"namespaceNames": ["a"]}"#,
        r#"{"namespaceNames": ["a*"]}"#,
        r#"{"namespaceNames": ["b"]}"#,
    ]);
    let exemptions = select(vec![
        "[]",
        r#"[{"name": "*", "reason": "r"}]"#,
        r#"[{"name": "a", "enforce": "baseline", "reason": "r", "expires": "2027-01-01T00:00:00Z"}]"#,
        r#"[{"name": "a", "reason": "r", "expires": "2020-01-01T00:00:00Z"}]"#,
    ]);
    let strategy = select(vec!["Immediate", "Immediate", "Immediate", "WhenClean", "DryRun"]);
    let conflict = select(vec!["KeepStricter", "KeepStricter", "Force", "Yield"]);
    let release = select(vec!["Retain", "Remove"]);
    let flags = (prop::bool::weighted(0.1), prop::bool::weighted(0.2), 0..3_i32);
    (selection, modes, exemptions, strategy, conflict, release, flags).prop_map(
        |(
            selection,
            (enforce, warn),
            exemptions,
            strategy,
            conflict,
            release,
            (suspend, allow, priority),
        )| {
            let mut spec: serde_json::Value = serde_json::from_str(selection).unwrap();
            spec["exemptions"] = serde_json::from_str(exemptions).unwrap();
            spec["rollout"] = serde_json::json!({"strategy": strategy});
            spec["conflictPolicy"] = conflict.into();
            spec["releasePolicy"] = release.into();
            spec["suspend"] = suspend.into();
            spec["allowWeakening"] = allow.into();
            spec["priority"] = priority.into();
            for (name, mode) in [("enforce", enforce), ("warn", warn)] {
                if let Some(mode) = mode {
                    spec[name] = mode;
                }
            }
            spec.to_string()
        },
    )
}

pub(super) fn arb_profiles() -> impl Strategy<Value = Vec<(String, String)>> {
    vec(option::weighted(0.6, arb_spec()), 3).prop_map(|specs| {
        let named = specs.into_iter().zip(["p", "q", "r"]);
        named.filter_map(|(spec, name)| Some((name.to_owned(), spec?))).collect()
    })
}

pub(super) fn arb_event() -> impl Strategy<Value = Event> {
    let profiles = (arb_profiles(), prop::bool::weighted(0.15), prop::bool::weighted(0.85)).prop_map(
        |(mut specs, one_unreadable, complete)| {
            let unreadable = if one_unreadable { specs.pop().map(|(name, _)| name) } else { None };
            Event::Profiles { specs, unreadable: unreadable.into_iter().collect(), complete }
        },
    );
    let key = select(vec!["enforce", "enforce", "enforce-version", "warn", "warn-version", "tier"]);
    let value = option::of(select(vec!["privileged", "baseline", "restricted", "v1.30", "latest", "apps"]));
    let manager = select(vec!["kubectl-label", "kustomize-controller"]);
    let label = (manager, key, value).prop_map(|(manager, key, value)| Event::Label { manager, key, value });
    let note =
        option::of(select(vec!["privileged:latest", "restricted:latest", "enforce=q", "enforce=Remove"]));
    let note = (select(LEDGER_KEYS.to_vec()), note).prop_map(|(key, value)| Event::Note { key, value });
    let level = option::of(select(vec!["privileged", "baseline", "restricted"]));
    let author = option::of(select(vec!["enforce=p", "enforce=q", "enforce=r", "enforce=ghost"]));
    let forged = (level, author, any::<bool>()).prop_map(|(enforce, governed_by, removes)| Event::Forged {
        enforce,
        governed_by,
        removes,
    });
    prop_oneof![6 => profiles, 6 => label, 1 => note, 1 => forged]
}

/// The world as a history leaves it before each plan.
pub(super) struct World {
    pub(super) namespace: Namespace,
    specs: Vec<(String, String)>,
    pub(super) profiles: Profiles,
}

impl World {
    pub(super) fn new() -> Self {
        let profiles = Profiles::new([], [], COMPLETE);
        let mut namespace = testing::namespace("a", &[]);
        // podsec was there from the beginning. After a restart it has to believe what stands under its own name.
        namespace.remembered = Some(Ledger::default());
        Self { namespace, specs: Vec::new(), profiles }
    }

    pub(super) fn on(&mut self, event: &Event) {
        match event {
            Event::Profiles { specs, unreadable, complete } => {
                let completeness = if *complete { COMPLETE } else { Completeness::InDoubt("doubt") };
                self.specs.clone_from(specs);
                self.profiles = Profiles::new(compile(specs), unreadable.clone(), completeness);
            }
            Event::Label { manager, key, value } => update(&mut self.namespace, manager, key, *value),
            Event::Forged { enforce, governed_by, removes } => {
                let labels = enforce.map(|level| (Mode::Enforce.keys().level, level.to_owned()));
                let author = governed_by.map(|author| (LEDGER_KEYS[0], author.to_owned()));
                let policy = removes.then(|| (LEDGER_KEYS[2], "enforce=Remove".to_owned()));
                let request = ApplyRequest {
                    manager: Manager::Podsec,
                    labels: labels.into_iter().collect(),
                    annotations: author.into_iter().chain(policy).collect(),
                    force: true,
                };
                apply(&mut self.namespace, &request).unwrap();
            }
            Event::Note { key, value } => forge(&mut self.namespace, "kubectl-annotate", key, *value),
        }
    }
}

pub(super) fn compile(specs: &[(String, String)]) -> Vec<Profile> {
    specs.iter().map(|(name, spec)| profile(name, spec)).collect()
}
