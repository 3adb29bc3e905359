//! The status of a profile. Bounded: it never grows with the cluster.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Moment, bounds, conditions::Condition};

/// What podsec says of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileStatus {
    /// The generation this status is about; -1 until podsec has seen the profile.
    pub observed_generation: i64,
    /// Ready, Reconciling and Stalled as kstatus reads them, and podsec's own.
    #[schemars(
        length(max = bounds::CONDITIONS),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"])
    )]
    pub conditions: Vec<Condition>,
    /// What enforce is set to, as in baseline:server (v1.37).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub enforce: Option<String>,
    /// What audit is set to, as in restricted:latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub audit: Option<String>,
    /// What warn is set to, as in restricted:latest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub warn: Option<String>,
    /// How enforce is raised, and whether the profile is suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::WORD))]
    pub strategy: Option<String>,
    /// Namespaces, counted by what became of them. One may count in several.
    pub namespaces: NamespaceCounts,
    /// Workloads in the matched namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workloads: Option<JudgedCounts>,
    /// Pods in the matched namespaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pods: Option<JudgedCounts>,
    /// The first namespaces in which enforce is not as the profile asks, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::LISTED))]
    pub held: Vec<HeldNamespace>,
    /// The first labels that are left to whoever set them, by namespace.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::LISTED))]
    pub left_alone: Vec<LeftAlone>,
    /// The first namespaces that the API server lets nobody write, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::LISTED))]
    pub unwritable: Vec<UnwritableNamespace>,
    /// The first namespaces under an exemption, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::LISTED))]
    pub exempt: Vec<ExemptNamespace>,
    /// Exemptions that end within 14 days, the nearest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::LISTED))]
    pub expiring: Vec<ExpiringExemption>,
    /// The controller that wrote this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<Controller>,
}

impl ProfileStatus {
    /// The status cut down to what the CRD allows: a text that is too long would have the API server refuse the
    /// whole status. What is podsec's own, such as reasons and times, is within its bounds anyway.
    #[must_use]
    pub fn within_bounds(mut self) -> Self {
        self.conditions.truncate(bounds::CONDITIONS);
        for condition in &mut self.conditions {
            cut(&mut condition.message, bounds::CONDITION_MESSAGE);
        }
        for text in
            [&mut self.enforce, &mut self.audit, &mut self.warn, &mut self.strategy].into_iter().flatten()
        {
            cut(text, bounds::WORD);
        }
        self.held.truncate(bounds::LISTED);
        self.held.iter_mut().for_each(HeldNamespace::within_bounds);
        self.left_alone.truncate(bounds::LISTED);
        for LeftAlone { namespace: _, mode, present, planned, last_set_by, message } in &mut self.left_alone {
            cut(message, bounds::MESSAGE);
            for text in [mode, present, planned, last_set_by] {
                cut(text, bounds::WORD);
            }
        }
        self.unwritable.truncate(bounds::LISTED);
        for namespace in &mut self.unwritable {
            cut(&mut namespace.message, bounds::MESSAGE);
        }
        self.exempt.truncate(bounds::LISTED);
        for namespace in &mut self.exempt {
            cut(&mut namespace.reason, bounds::MESSAGE);
        }
        self.expiring.truncate(bounds::LISTED);
        if let Some(controller) = &mut self.controller {
            controller.within_bounds();
        }
        self
    }
}

/// Cuts a text to so many characters, the last of which says that something is missing.
fn cut(text: &mut String, characters: usize) {
    if text.chars().nth(characters).is_some()
        && let Some((end, _)) = text.char_indices().nth(characters - 1)
    {
        text.truncate(end);
        text.push('…');
    }
}

/// How many namespaces are in which state. A namespace may count in several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NamespaceCounts {
    /// Namespaces that the profile selects.
    pub matched: u32,
    /// Namespaces in which the profile governs at least one mode.
    pub governed: u32,
    /// Namespaces in which every governed mode is as the profile asks, and podsec owns it.
    pub in_sync: u32,
    /// Namespaces in which enforce is not yet, or not any more, as the profile asks.
    pub held: u32,
    /// Namespaces that are held only because they have not been clean for long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub soaking: Option<u32>,
    /// Namespaces under an exemption.
    pub exempt: u32,
    /// Namespaces in which a mode is left to somebody else.
    pub yielded: u32,
    /// Namespaces in which nothing is changed because something is in doubt.
    pub frozen: u32,
    /// Namespaces in which podsec cannot tell whether something violates what is planned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inconclusive: Option<u32>,
    /// Namespaces in which somebody else keeps taking back what podsec writes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contested: Option<u32>,
}

/// How many were judged by what the profile asks for, and how many of them violate it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct JudgedCounts {
    /// How many were judged.
    pub judged: u32,
    /// How many of them violate what the profile asks for.
    pub violating: u32,
}

/// A namespace whose enforce label is not as the profile asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldNamespace {
    /// The namespace.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub name: String,
    /// Why, in one word.
    #[schemars(length(max = bounds::WORD))]
    pub reason: String,
    /// Why, in prose.
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: String,
    /// What is effective now, as in baseline:v1.36.
    #[schemars(length(max = bounds::WORD))]
    pub present: String,
    /// What the profile asks for.
    #[schemars(length(max = bounds::WORD))]
    pub planned: String,
    /// The first of what keeps workloads from conforming to what is planned, what concerns most pods first. The
    /// report in the namespace says more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = bounds::HELD_BLOCKERS), inner(length(max = bounds::HELD_BLOCKER)))]
    pub blockers: Vec<String>,
    /// How many blockers there are besides those listed.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub more_blockers: u32,
    /// When enforce is raised, if nothing changes until then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::written_moment")]
    pub raised_at: Option<Moment>,
}

impl HeldNamespace {
    fn within_bounds(&mut self) {
        let Self { name: _, reason, message, present, planned, blockers, more_blockers, raised_at: _ } = self;
        cut(message, bounds::MESSAGE);
        for text in [reason, present, planned] {
            cut(text, bounds::WORD);
        }
        let unlisted = blockers.len().saturating_sub(bounds::HELD_BLOCKERS);
        *more_blockers = more_blockers.saturating_add(u32::try_from(unlisted).unwrap_or(u32::MAX));
        blockers.truncate(bounds::HELD_BLOCKERS);
        for blocker in blockers {
            cut(blocker, bounds::HELD_BLOCKER);
        }
    }
}

/// A label that podsec leaves to whoever set it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftAlone {
    /// The namespace.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub namespace: String,
    /// The mode: enforce, audit or warn.
    #[schemars(length(max = bounds::WORD))]
    pub mode: String,
    /// What is effective now.
    #[schemars(length(max = bounds::WORD))]
    pub present: String,
    /// What the profile asks for.
    #[schemars(length(max = bounds::WORD))]
    pub planned: String,
    /// The field manager that last set it.
    #[schemars(length(max = bounds::WORD))]
    pub last_set_by: String,
    /// Why it is left, and what makes that writer leave it alone.
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: String,
}

/// A namespace that the API server lets nobody write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UnwritableNamespace {
    /// The namespace.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub name: String,
    /// What the API server said, and what to mend.
    #[schemars(length(max = bounds::MESSAGE))]
    pub message: String,
}

/// A namespace in which an exemption holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExemptNamespace {
    /// The namespace.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub name: String,
    /// The exemption's name, which may be a pattern.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub exemption: String,
    /// Why the exemption was given.
    #[schemars(length(max = bounds::MESSAGE))]
    pub reason: String,
    /// When the exemption ends, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "super::schema::written_moment")]
    pub expires: Option<Moment>,
}

/// An exemption that ends soon.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpiringExemption {
    /// The exemption's name.
    #[schemars(length(max = bounds::NAMESPACE_NAME))]
    pub name: String,
    /// When the exemption ends.
    #[schemars(schema_with = "super::schema::written_moment")]
    pub expires: Moment,
    /// Why the exemption was given.
    #[schemars(length(max = bounds::EXEMPTION_REASON))]
    pub reason: String,
}

/// The controller that wrote a status, so that a preview can plan as it would.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Controller {
    /// podsec's version.
    #[schemars(length(max = bounds::WORD))]
    pub version: String,
    /// The newest version of the standards that the controller knows, as in v1.37.
    #[schemars(length(max = bounds::WORD))]
    pub newest_standards: String,
    /// The API server's version as it counts for server, as in v1.37.
    #[schemars(length(max = bounds::WORD))]
    pub server_version: String,
    /// The names and globs of protected namespaces.
    #[schemars(length(max = bounds::PROTECTED_NAMESPACES), inner(length(max = bounds::NAMESPACE_NAME)))]
    pub protected_namespaces: Vec<String>,
    /// The API server's own defaults as the controller was told, as in enforce=baseline:latest.
    #[schemars(length(max = bounds::SERVER_DEFAULTS), inner(length(max = bounds::WORD)))]
    pub server_defaults: Vec<String>,
    /// The runtime classes that the API server exempts, as the controller was told.
    #[schemars(length(max = bounds::EXEMPT_RUNTIME_CLASSES), inner(length(max = bounds::OBJECT_NAME)))]
    pub server_exempt_runtime_classes: Vec<String>,
    /// Whether the controller refuses every write that weakens.
    pub never_weaken: bool,
    /// The field managers that are known to set again and again what they were told once.
    #[schemars(length(max = bounds::RECONCILERS), inner(length(max = bounds::FIELD_MANAGER)))]
    pub reconcilers: Vec<String>,
    /// The namespace and name of the Lease by which a leader is elected, as in podsec-system/podsec.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = bounds::NAMESPACED_NAME))]
    pub lease: Option<String>,
}

impl Controller {
    fn within_bounds(&mut self) {
        self.protected_namespaces.truncate(bounds::PROTECTED_NAMESPACES);
        self.server_defaults.truncate(bounds::SERVER_DEFAULTS);
        let texts = [&mut self.version, &mut self.newest_standards, &mut self.server_version];
        for text in texts.into_iter().chain(&mut self.server_defaults) {
            cut(text, bounds::WORD);
        }
        for name in &mut self.protected_namespaces {
            cut(name, bounds::NAMESPACE_NAME);
        }
        self.server_exempt_runtime_classes.truncate(bounds::EXEMPT_RUNTIME_CLASSES);
        for name in &mut self.server_exempt_runtime_classes {
            cut(name, bounds::OBJECT_NAME);
        }
        self.reconcilers.truncate(bounds::RECONCILERS);
        for name in &mut self.reconcilers {
            cut(name, bounds::FIELD_MANAGER);
        }
        if let Some(name) = &mut self.lease {
            cut(name, bounds::NAMESPACED_NAME);
        }
    }
}
