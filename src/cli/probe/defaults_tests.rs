use super::{super::canary::Unclear, *};

fn policy(text: &str) -> LevelVersion {
    text.parse().unwrap()
}

fn refused(text: &str) -> Reaction {
    Reaction::Refused(policy(text))
}

fn warned(text: &str) -> Reaction {
    Reaction::Warned(policy(text))
}

fn no_right() -> Reaction {
    Reaction::Unclear(Unclear::NoRight("no right".to_owned()))
}

fn trial(form: Form, canary: Trait, reaction: Reaction) -> Trial {
    Trial { form, canary, reaction }
}

fn showing(pod: Reaction, template: Reaction) -> Showing {
    Showing {
        namespace: "default".to_owned(),
        exempt: Answer::sure(false, "it said so"),
        pod: trial(Form::Pod, Trait::HostPid, pod),
        template: trial(Form::Template, Trait::HostPid, template),
    }
}

/// The defaults, each as `value certainty`.
fn shown(showing: &Showing, user_exempt: &Answer<bool>) -> [String; 2] {
    showing.defaults(user_exempt).map(|answer| {
        let value = answer.value().map_or_else(|| "-".to_owned(), ToString::to_string);
        format!("{value} {}", answer.certainty())
    })
}

#[test]
fn what_is_heard_is_sure() {
    let user = Answer::sure(false, "it was heard");
    let cases = [
        (
            refused("baseline:v1.30"),
            warned("restricted:latest"),
            ["baseline:v1.30 sure", "restricted:latest sure"],
        ),
        (refused("baseline:v1.30"), Reaction::Silent, ["baseline:v1.30 sure", "privileged:latest sure"]),
        (refused("baseline:v1.30"), no_right(), ["baseline:v1.30 sure", "- unknown"]),
        (refused("baseline:v1.30"), refused("baseline:v1.30"), ["baseline:v1.30 sure", "- unknown"]),
        (warned("baseline:v1.30"), no_right(), ["privileged:latest sure", "baseline:v1.30 sure"]),
        (no_right(), warned("baseline:v1.30"), ["- unknown", "baseline:v1.30 sure"]),
        (Reaction::Silent, Reaction::Silent, ["privileged:latest sure", "privileged:latest sure"]),
        (Reaction::Silent, no_right(), ["privileged:latest sure", "privileged:latest sure"]),
        (no_right(), no_right(), ["- unknown", "- unknown"]),
    ];
    for (pod, template, expected) in cases {
        let showing = showing(pod, template);
        assert_eq!(shown(&showing, &user), expected, "{showing:?}");
    }
}

#[test]
fn silence_is_as_sure_as_that_nothing_is_exempt() {
    let unknown = || Answer::unknown("nothing told");
    let mut silent = showing(Reaction::Silent, Reaction::Silent);
    let enforce = |showing: &Showing, user: &Answer<bool>| showing.defaults(user)[0].reason();
    let passed = "a pod with hostPID was let through in default";
    assert_eq!(enforce(&silent, &unknown()), format!("{passed}, unless you are exempt"));
    silent.exempt = unknown();
    assert_eq!(enforce(&silent, &unknown()), format!("{passed}, unless you or the namespace are exempt"));
    let user = Answer::sure(false, "it was heard elsewhere");
    assert_eq!(enforce(&silent, &user), format!("{passed}, unless the namespace is exempt"));
    // What is heard here rules both out.
    let heard = Showing { exempt: unknown(), ..showing(Reaction::Silent, warned("baseline:latest")) };
    assert_eq!(enforce(&heard, &unknown()), passed);
}

#[test]
fn a_second_canary_must_fit() {
    let confirmed = |found: &str, reaction: Reaction| {
        let answer = Answer::sure(policy(found), "a canary was refused");
        confirm(answer, policy(found), &trial(Form::Pod, Trait::Plain, reaction)).is_sure()
    };
    let cases = [
        ("restricted:v1.30", refused("restricted:v1.30"), true),
        ("restricted:v1.30", refused("restricted:v1.31"), false),
        ("restricted:v1.30", Reaction::Silent, false),
        ("baseline:latest", Reaction::Silent, true),
        ("baseline:latest", warned("restricted:latest"), true),
        ("baseline:latest", refused("restricted:latest"), false),
        ("privileged:latest", Reaction::Silent, true),
        ("privileged:latest", refused("restricted:latest"), false),
        ("restricted:v1.30", no_right(), true),
    ];
    for (found, reaction, fits) in cases {
        assert_eq!(confirmed(found, reaction.clone()), fits, "{found} {reaction:?}");
    }
}
