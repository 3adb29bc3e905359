use kube::core::Status;
use rstest::rstest;

use super::*;
use crate::standards::{Level, NEWEST_MINOR, Verdict, Version, evaluate, pod::Pod};

fn accepted(body: &Value, warnings: &[&str]) -> Answered {
    let warnings = warnings.iter().map(|text| (*text).to_owned()).collect();
    Answered { warnings, outcome: Ok(serde_json::to_vec(body).unwrap()) }
}

fn refused(message: &str) -> Answered {
    Answered {
        warnings: Vec::new(),
        outcome: Err(Box::new(Status::failure(message, "Forbidden").with_code(403))),
    }
}

fn policy(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

#[test]
fn a_canary_is_refused_by_its_level_at_every_version() {
    for minor in 0..=NEWEST_MINOR {
        let judged = |canary: Trait, level| {
            let text = canary.pod(None).to_string();
            evaluate(LevelVersion::new(level, Version::Minor(minor.into())), &Pod::from_json(&text).unwrap())
                .verdict()
        };
        let by_both = |canary| [Level::Baseline, Level::Restricted].map(|level| judged(canary, level));
        assert_eq!(by_both(Trait::Harmless), [Verdict::Conforms; 2], "v1.{minor}");
        assert_eq!(by_both(Trait::Plain), [Verdict::Conforms, Verdict::Violates], "v1.{minor}");
        for canary in Trait::REFUSED {
            assert_eq!(by_both(canary), [Verdict::Violates; 2], "{canary:?} at v1.{minor}");
        }
    }
}

#[rstest]
#[case::refused(
    r#"pods "podsec-probe" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostPID=true)"#,
    Reaction::Refused(policy("baseline:v1.30"))
)]
#[case::no_right(
    r#"pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "default""#,
    Reaction::Unclear(Unclear::NoRight(
        r#"pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "default""#.into()
    ))
)]
#[case::a_webhook_of_the_same_words(
    r#"admission webhook "pod-security-webhook.kubernetes.io" denied the request: violates PodSecurity "baseline:v1.30": x"#,
    Reaction::Unclear(Unclear::RefusedByOthers(
        r#"admission webhook "pod-security-webhook.kubernetes.io" denied the request: violates PodSecurity "baseline:v1.30": x"#.into()
    ))
)]
#[case::another_pod(
    r#"pods "other" is forbidden: violates PodSecurity "baseline:v1.30": x"#,
    Reaction::Unclear(Unclear::RefusedByOthers(
        r#"pods "other" is forbidden: violates PodSecurity "baseline:v1.30": x"#.into()
    ))
)]
fn a_refusal_is_told_from_those_of_others(#[case] message: &str, #[case] expected: Reaction) {
    assert_eq!(Reaction::read(refused(message), Form::Pod, Trait::HostPid, None), expected);
}

#[test]
fn what_is_let_through_was_warned_of_or_not() {
    let pod = Trait::HostPid.pod(Some("kata"));
    let read = |answered| Reaction::read(answered, Form::Pod, Trait::HostPid, Some("kata"));
    let warning = r#"would violate PodSecurity "restricted:latest": host namespaces (hostPID=true)"#;
    assert_eq!(read(accepted(&pod, &["odd", warning])), Reaction::Warned(policy("restricted:latest")));
    assert_eq!(read(accepted(&pod, &["odd"])), Reaction::Silent);
}

#[test]
fn a_canary_that_was_changed_tells_nothing() {
    let read = |body: &Value, canary, class| Reaction::read(accepted(body, &[]), Form::Pod, canary, class);
    let changed = Reaction::Unclear(Unclear::Changed);
    for canary in Trait::REFUSED {
        assert_eq!(read(&Trait::Plain.pod(None), canary, None), changed);
        assert_eq!(read(&canary.pod(Some("gvisor")), canary, None), changed);
        assert_eq!(read(&canary.pod(None), canary, Some("kata")), changed);
        assert_eq!(read(&canary.pod(None), canary, None), Reaction::Silent);
    }
    assert_eq!(read(&Trait::Harmless.pod(None), Trait::Plain, None), changed);
}

#[test]
fn a_template_is_read_as_a_pod_is() {
    let object = Form::Template.object(Trait::HostPid, None);
    let read = |answered| Reaction::read(answered, Form::Template, Trait::HostPid, None);
    assert_eq!(read(accepted(&object, &[])), Reaction::Silent);
    assert_eq!(read(accepted(&json!({}), &[])), Reaction::Unclear(Unclear::Changed));
    let message =
        "podtemplates is forbidden: User \"x\" cannot create resource \"podtemplates\" in API group \"\"";
    assert_eq!(read(refused(message)), Reaction::Unclear(Unclear::NoRight(message.to_owned())));
}
