//! Upstream's reasons, and the checks that give them.

use super::{Check, checks};

/// Every reason with the ids of the checks that give it. `tests/standards` holds it against upstream's fixtures.
const REASONS: [(&str, &[&str]); 18] = [
    ("allowPrivilegeEscalation != false", &["allowPrivilegeEscalation"]),
    ("forbidden AppArmor profile", &["appArmorProfile"]),
    ("forbidden AppArmor profiles", &["appArmorProfile"]),
    ("forbidden sysctls", &["sysctls"]),
    ("host namespaces", &["hostNamespaces"]),
    ("hostPath volumes", &["hostPathVolumes"]),
    ("hostPort", &["hostPorts"]),
    ("hostProcess", &["windowsHostProcess"]),
    ("non-default capabilities", &["capabilities_baseline"]),
    ("privileged", &["privileged"]),
    ("probe or lifecycle host", &["hostProbesAndHostLifecycle"]),
    ("procMount", &["procMount", "procMount_restricted"]),
    ("restricted volume types", &["restrictedVolumes"]),
    ("runAsNonRoot != true", &["runAsNonRoot"]),
    ("runAsUser=0", &["runAsUser"]),
    ("seLinuxOptions", &["seLinuxOptions"]),
    ("seccompProfile", &["seccompProfile_baseline", "seccompProfile_restricted"]),
    ("unrestricted capabilities", &["capabilities_restricted"]),
];

/// The checks that give a reason, in upstream's order; none for what is no reason.
pub fn checks_with_reason(reason: &str) -> Vec<&'static Check> {
    let ids = REASONS.iter().find(|(known, _)| *known == reason).map_or(&[][..], |(_, ids)| *ids);
    checks().iter().filter(|check| ids.contains(&check.id)).collect()
}

/// The reasons that a check gives.
pub fn reasons_of(check: &Check) -> impl Iterator<Item = &'static str> {
    REASONS.iter().filter(|(_, ids)| ids.contains(&check.id)).map(|(reason, _)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_check_gives_a_reason_and_every_reason_is_of_a_check() {
        for check in checks() {
            assert!(reasons_of(check).count() > 0, "{}", check.id);
        }
        for (reason, ids) in REASONS {
            let found: Vec<_> = checks_with_reason(reason).iter().map(|check| check.id).collect();
            assert_eq!(found, ids, "{reason}");
        }
        assert!(checks_with_reason("nothing").is_empty());
    }
}
