//! The configuration as profiles: its defaults for every namespace, its exemptions as exemptions.

use super::configuration::{Configuration, Field};
use crate::{
    api::{ConflictPolicy, Exemption, ModePolicy, NamespaceSelector, ProfileSpec, VersionSpec, counted},
    migration::{Entry, Fate},
    rollout::Settings,
    standards::{Level, LevelVersion, Mode},
};

/// The name of the first profile, unless another is asked for.
pub const NAME: &str = "cluster-defaults";

/// The lowest priority that a profile may have: every other one goes before it.
const LOWEST: i32 = -1_000_000;

/// How many exemptions, or names, a profile may have.
const MOST: usize = 256;

/// A profile to be written, with where its parts come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub name: String,
    /// What it asks for.
    pub spec: ProfileSpec,
    /// The field that each of its namespaces comes from: of its exemptions, or of its names.
    pub origins: Vec<Field>,
}

/// What a configuration became.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The profiles; none where nothing is asked for.
    pub drafts: Vec<Draft>,
    /// What the controller is to be told as long as the API server has the configuration.
    pub flags: Vec<String>,
    /// What became of each field.
    pub entries: Vec<Entry>,
}

/// A configuration as profiles, of which the first has this name; `source` is where it comes from, for reasons.
pub fn imported(configuration: &Configuration, name: &str, source: &str) -> Imported {
    let mut imported = Imported::default();
    let asks = Mode::ALL.into_iter().any(|mode| configuration.defaults.get(mode).level != Level::Privileged);
    imported.defaults(configuration);
    let exempt = imported.namespaces(configuration, asks);
    imported.runtime_classes(configuration);
    imported.usernames(configuration);
    if asks {
        imported.draft(configuration, name, source, &exempt);
    }
    imported
}

impl Imported {
    fn account(&mut self, field: String, value: impl Into<String>, fate: Fate, told: impl Into<String>) {
        self.entries.push(Entry { field, value: value.into(), fate, told: told.into() });
    }

    fn defaults(&mut self, configuration: &Configuration) {
        let mut flag = Vec::new();
        for mode in Mode::ALL {
            let value = configuration.defaults.get(mode);
            let field = Field::of_default(mode, false).to_string();
            if value.level == Level::Privileged {
                let told = "what a namespace without a label has anyway: no profile sets it";
                self.account(field, value.to_string(), Fate::Carried, told);
                continue;
            }
            flag.push(format!("{mode}={value}"));
            let told = match mode {
                Mode::Enforce => {
                    "set on every namespace as a label; where one has a label of its own, that goes before it, as with the \
                     API server (conflictPolicy: Yield)"
                }
                Mode::Audit | Mode::Warn => "set on every namespace as a label",
            };
            self.account(field, value.to_string(), Fate::Carried, told);
        }
        if !flag.is_empty() {
            self.flags.push(format!("--server-defaults={}", flag.join(",")));
            let names = Settings::DEFAULT_PROTECTED.join(", ");
            let told = format!(
                "protected namespaces ({names}) get no label from a selector: where they are to keep these defaults, a \
                 profile has to name them in full"
            );
            self.account("defaults".into(), names, Fate::Otherwise, told);
        }
    }

    /// The namespaces that become exemptions, each with its field.
    fn namespaces<'c>(&mut self, configuration: &'c Configuration, asks: bool) -> Vec<(Field, &'c str)> {
        let settings = Settings::as_installed();
        let watches = [Mode::Audit, Mode::Warn]
            .into_iter()
            .filter(|mode| configuration.defaults.get(*mode).level != Level::Privileged)
            .map(Mode::as_str)
            .collect::<Vec<_>>()
            .join(" and ");
        let mut exempt = Vec::new();
        for (index, namespace) in configuration.exempt.namespaces.iter().enumerate() {
            let field = Field::of_exempt("namespaces", index);
            if !asks {
                let told = "nothing is asked for by default: there is nothing to be exempt from but labels, and those are set \
                            by whoever sets them";
                self.account(field.to_string(), namespace, Fate::Otherwise, told);
            } else if settings.protects(namespace) {
                let told = "protected: podsec sets no label there, so nothing is refused";
                self.account(field.to_string(), namespace, Fate::Carried, told);
            } else if watches.is_empty() {
                let told = "an exemption: enforce is set to privileged";
                self.account(field.to_string(), namespace, Fate::Carried, told);
                exempt.push((field, namespace.as_str()));
            } else {
                let told = format!(
                    "an exemption: enforce is set to privileged; {watches} go on there, which refuses nothing. To have them \
                     end as well, leave the namespace out of the selector"
                );
                self.account(field.to_string(), namespace, Fate::Carried, told);
                exempt.push((field, namespace.as_str()));
            }
        }
        exempt
    }

    fn runtime_classes(&mut self, configuration: &Configuration) {
        let classes = &configuration.exempt.runtime_classes;
        for (index, class) in classes.iter().enumerate() {
            let told = "no label exempts a runtime class. As long as the API server has this, tell the controller by the flag; \
                        without it, pods of this class are judged like others: exempt the namespaces where they run";
            let field = Field::of_exempt("runtimeClasses", index).to_string();
            self.account(field, class, Fate::NotPossible, told);
        }
        if !classes.is_empty() {
            self.flags.push(format!("--server-exempt-runtime-classes={}", classes.join(",")));
        }
    }

    fn usernames(&mut self, configuration: &Configuration) {
        for (index, user) in configuration.exempt.usernames.iter().enumerate() {
            let service_account =
                user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
            let told = match service_account {
                Some((namespace, _)) => format!(
                    "no label exempts a user. What this service account creates is refused without the exemption where it \
                     violates: exempt the namespaces that it creates pods in (its own is {namespace}), or mend what it creates"
                ),
                None => "no label exempts a user. What this user creates is refused without the exemption where it violates: \
                         exempt the namespaces concerned, or mend the pods"
                    .to_owned(),
            };
            let field = Field::of_exempt("usernames", index).to_string();
            self.account(field, user, Fate::NotPossible, told);
        }
    }

    /// The profile for every namespace, and further ones for exemptions that it has no room for.
    fn draft(&mut self, configuration: &Configuration, name: &str, source: &str, exempt: &[(Field, &str)]) {
        let modes = Mode::ALL.map(|mode| policy(configuration.defaults.get(mode)));
        let [enforce, audit, warn] = modes;
        // Without enforce there is nothing to be exempt from.
        let exempt = if enforce.is_some() { exempt } else { &[] };
        let (first, rest) = exempt.split_at(exempt.len().min(MOST));
        let reason = |field: &Field| format!("exempt in the API server's configuration ({source}, {field})");
        let exemption = |(field, name): &(Field, &str)| Exemption {
            name: (*name).to_owned(),
            enforce: None,
            reason: reason(field),
            expires: None,
        };
        let spec = ProfileSpec {
            priority: Some(LOWEST),
            namespace_selector: Some(NamespaceSelector::default()),
            enforce,
            audit,
            warn,
            exemptions: (!first.is_empty()).then(|| first.iter().map(exemption).collect()),
            conflict_policy: Some(ConflictPolicy::Yield),
            ..ProfileSpec::default()
        };
        let origins = |part: &[(Field, &str)]| part.iter().map(|(field, _)| *field).collect();
        self.drafts.push(Draft { name: name.to_owned(), spec, origins: origins(first) });
        for (index, part) in rest.chunks(MOST).enumerate() {
            let spec = ProfileSpec {
                priority: Some(LOWEST + 1),
                namespace_names: Some(part.iter().map(|(_, name)| (*name).to_owned()).collect()),
                enforce: Some(ModePolicy { level: Level::Privileged, version: None }),
                conflict_policy: Some(ConflictPolicy::Yield),
                ..ProfileSpec::default()
            };
            self.drafts.push(Draft {
                name: format!("{name}-exempt-{}", index + 1),
                spec,
                origins: origins(part),
            });
        }
        if !rest.is_empty() {
            let told = format!(
                "a profile has room for {MOST} exemptions: the other {} are in profiles of their own, which set enforce to \
                 privileged",
                counted(rest.len(), "namespace")
            );
            self.account("exemptions.namespaces".into(), exempt.len().to_string(), Fate::Carried, told);
        }
    }
}

/// What sets a mode to a value; nothing for what a namespace has without a label.
fn policy(value: LevelVersion) -> Option<ModePolicy> {
    let asks = value.level != Level::Privileged;
    asks.then_some(ModePolicy { level: value.level, version: Some(VersionSpec::Fixed(value.version)) })
}
