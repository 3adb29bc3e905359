//! How large the parts of a profile may be. Every list, map and string has a bound, so that the API server can tell
//! beforehand what its rules cost, and so that no profile grows with the cluster.

/// Characters of a profile's name: it becomes part of an annotation beside other text.
pub(super) const PROFILE_NAME: usize = 63;
/// Characters of a namespace's name, or of a glob over such names.
pub(super) const NAMESPACE_NAME: usize = 63;
/// Globs in one profile.
pub(super) const NAMESPACE_NAMES: usize = 256;
/// Labels and requirements of a selector, and the values of one requirement.
pub(super) const MATCH_LABELS: usize = 64;
pub(super) const MATCH_EXPRESSIONS: usize = 32;
pub(super) const REQUIREMENT_VALUES: usize = 64;
/// Characters of a label key (a prefix of 253, a slash, a name of 63) and of a label value.
pub(super) const LABEL_KEY: usize = 317;
pub(super) const LABEL_VALUE: usize = 63;
/// Exemptions in one profile, and characters of a reason.
pub(super) const EXEMPTIONS: usize = 256;
pub(super) const EXEMPTION_REASON: usize = 1024;
/// Namespaces raised in one batch.
pub(super) const BATCH_SIZE: u32 = 10_000;
/// A profile's priority, either way.
pub(super) const PRIORITY: i32 = 1_000_000;
/// Characters of a version, a duration and a time. Wider than the longest valid ones, so that a slightly long text
/// meets the rule that says what it must be, and not a bare "too long".
pub(super) const GRAMMAR: usize = 64;

/// Entries of each list of namespaces or exemptions in a status.
pub(super) const LISTED: usize = 20;
/// Conditions.
pub(super) const CONDITIONS: usize = 16;
/// Characters of a condition's type and reason, which are `metav1.Condition`'s own, and of its message: an eighth of
/// what is allowed there, so that the largest spec and the largest status fit into etcd together.
pub(super) const CONDITION_TYPE: usize = 316;
pub(super) const CONDITION_REASON: usize = 1024;
pub(super) const CONDITION_MESSAGE: usize = 4096;
/// Characters of a message about one namespace.
pub(super) const MESSAGE: usize = 1024;
/// Characters of a level and version as labels carry them (two label values), of a field manager, of one word.
pub(super) const WORD: usize = 128;
/// Blockers of one held namespace, and characters of each: a workload, a check, a container and what is between.
pub(super) const HELD_BLOCKERS: usize = 3;
pub(super) const HELD_BLOCKER: usize = 480;
/// Protected namespaces, server defaults and exempt runtime classes that a controller tells of itself.
pub(super) const PROTECTED_NAMESPACES: usize = 64;
pub(super) const SERVER_DEFAULTS: usize = 6;
pub(super) const EXEMPT_RUNTIME_CLASSES: usize = 64;
/// Reconcilers that a controller tells of itself, and characters of a field manager's name (the API server's limit).
pub(super) const RECONCILERS: usize = 16;
pub(super) const FIELD_MANAGER: usize = 128;
/// Characters of the name of most kinds of objects; of one with its namespace before it.
pub(super) const OBJECT_NAME: usize = 253;
pub(super) const NAMESPACED_NAME: usize = 317;

/// Bytes of a report without its metadata, as JSON: with that of one field manager it stays below 20 kB.
pub(super) const REPORT: usize = 18_500;
/// Blockers that a report lists, and refused workloads, lists that may be short, levels that soak.
pub(super) const BLOCKERS: usize = 20;
pub(super) const REFUSED: usize = 5;
pub(super) const MISSING: usize = 8;
pub(super) const SOAKING: usize = 8;
/// Of a text in a report, bytes as JSON and so characters too: of a message about the namespace or a mode, ...
pub(super) const REPORT_MESSAGE: usize = 768;
/// ... about one workload, and of what is to be done about it, ...
pub(super) const WORKLOAD_MESSAGE: usize = 320;
/// ... of a kind and a name (63 and 253 characters), of the path of a field, ...
pub(super) const WORKLOAD: usize = 320;
pub(super) const FIELD: usize = 256;
/// ... of a container, a volume, a check, a reason, a profile, ...
pub(super) const NAME: usize = 64;
/// ... of what stands in a column.
pub(super) const CELL: usize = 40;
