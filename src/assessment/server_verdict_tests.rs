use rstest::rstest;

use super::*;

const HEADING: &str =
    r#"existing pods in namespace "x" violate the new PodSecurity enforce level "baseline:v1.37""#;
const EXEMPT: &str =
    r#"namespace "x" is exempt from Pod Security, and the policy (enforce=baseline:v1.37) will be ignored"#;
const FIRST_3000: &str =
    "new PodSecurity enforce level only checked against the first 3000 of 3010 existing pods";
const FAILED: &str = "failed to list pods while checking new PodSecurity enforce level";

fn read(warnings: &[&str]) -> ServerAnswer {
    let policy = "baseline:v1.37".parse().unwrap();
    ServerAnswer::read("x", policy, warnings.iter().map(|text| (*text).to_owned()))
}

fn expected(pods: usize, in_doubt: usize, lines: &[&str]) -> DryRun {
    DryRun { pods, in_doubt, lines: owned(lines) }
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn disagrees(only_server: &[&str], only_podsec: &[&str]) -> ServerVerdict {
    ServerVerdict::Disagrees { only_server: owned(only_server), only_podsec: owned(only_podsec) }
}

#[test]
fn upstreams_own_lines_are_told_from_others() {
    let answer = read(&[
        "metadata.finalizers: \"a\": prefer a domain-qualified finalizer name",
        FIRST_3000,
        HEADING,
        "a (and 2 other pods): host namespaces, privileged",
        "b (and 1 other pod): hostPort",
        "c.d-0: runAsNonRoot != true",
        "Validation failed for ValidatingAdmissionPolicy 'p' with binding 'b': labels",
        "d: not upstream's, since its lines are over",
    ]);
    let lines = [
        "a (and 2 other pods): host namespaces, privileged",
        "b (and 1 other pod): hostPort",
        "c.d-0: runAsNonRoot != true",
    ];
    assert_eq!((answer.lines, answer.looked_at, answer.exempt), (owned(&lines), Some((3000, 3010)), false));
    assert_eq!((answer.others.len(), answer.failure, answer.may_lack_warnings), (3, None, false));
}

#[rstest]
#[case::not_sorted(&["b: privileged", "a: privileged"])]
#[case::no_name(&["b: privileged", "policy p: denied"])]
#[case::no_reasons(&["b: privileged", "c: "])]
#[case::no_count(&["b: privileged", "c (and some other pods): privileged"])]
#[case::only_a_name(&["b: privileged", "c"])]
#[case::empty(&["b: privileged", ""])]
fn a_line_that_upstream_would_not_write_is_somebody_elses(#[case] lines: &[&str]) {
    let warnings: Vec<_> = [HEADING].iter().chain(lines).copied().collect();
    let answer = read(&warnings);
    assert_eq!((answer.lines, answer.others), (owned(&lines[..1]), owned(&lines[1..])));
}

#[test]
fn what_is_said_of_another_namespace_is_not_about_this_one() {
    let other = [HEADING, EXEMPT].map(|text| text.replace("\"x\"", "\"y\""));
    let answer = read(&other.each_ref().map(String::as_str));
    assert_eq!(answer, ServerAnswer { others: other.to_vec(), ..ServerAnswer::default() });
}

#[rstest]
#[case::silence(&[], expected(7, 0, &[]), ServerVerdict::Agrees)]
#[case::same(&[HEADING, "a: privileged"], expected(7, 0, &["a: privileged"]), ServerVerdict::Agrees)]
#[case::others(&["odd"], expected(7, 0, &[]), ServerVerdict::Agrees)]
#[case::exempt(&[EXEMPT], expected(7, 0, &["a: privileged"]), ServerVerdict::Exempt)]
#[case::failed(&[FAILED], expected(7, 0, &[]), ServerVerdict::Unavailable(FAILED.to_owned()))]
#[case::only_podsec(&[], expected(7, 0, &["a: privileged"]), disagrees(&[], &["a: privileged"]))]
#[case::only_server(&[HEADING, "a: privileged"], expected(7, 0, &[]), disagrees(&["a: privileged"], &[]))]
#[case::other_reasons(
    &[HEADING, "a: hostPort"], expected(7, 0, &["a: privileged"]), disagrees(&["a: hostPort"], &["a: privileged"])
)]
#[case::other_count(
    &[HEADING, "a (and 1 other pod): hostPort"], expected(7, 0, &["a: hostPort"]),
    disagrees(&["a (and 1 other pod): hostPort"], &["a: hostPort"])
)]
#[case::other_name(&[HEADING, "b: hostPort"], expected(7, 0, &["a: hostPort"]), disagrees(&["b: hostPort"], &["a: hostPort"]))]
fn an_answer_is_compared_line_by_line(
    #[case] warnings: &[&str],
    #[case] expected: DryRun,
    #[case] verdict: ServerVerdict,
) {
    assert_eq!(read(warnings).compare(&expected), verdict);
}

#[test]
fn another_level_than_the_asked_one_is_no_verdict() {
    let heading = HEADING.replace("v1.37", "latest");
    let ServerVerdict::Unavailable(reason) = read(&[&heading]).compare(&expected(1, 0, &[])) else {
        panic!("a verdict")
    };
    assert_eq!(reason, r#"something made the level "baseline:latest" of "baseline:v1.37" on its way"#);
}

#[rstest]
#[case::it_conforms(1, &[], true)]
#[case::it_is_alone(1, &["z: x"], true)]
#[case::it_is_first(1, &["b (and 2 other pods): hostPort"], true)]
#[case::it_is_not_first(1, &["c (and 2 other pods): hostPort"], true)]
#[case::too_many(1, &["c (and 3 other pods): hostPort"], false)]
#[case::too_many_in_two_lines(1, &["c (and 2 other pods): hostPort", "z: x"], false)]
#[case::two(2, &["c (and 2 other pods): hostPort", "z: x"], true)]
#[case::a_known_one_is_missing(1, &["c: hostPort"], false)]
#[case::the_first_is_missing(1, &["d (and 2 other pods): hostPort"], false)]
fn a_pod_in_doubt_may_be_anything(#[case] in_doubt: usize, #[case] lines: &[&str], #[case] agrees: bool) {
    let known = "c (and 1 other pod): hostPort";
    let is_about_the_known = lines.iter().any(|line| line.contains("hostPort"));
    let mut warnings = vec![HEADING];
    warnings.extend((!is_about_the_known).then_some(known));
    warnings.extend(lines);
    let verdict = read(&warnings).compare(&expected(5, in_doubt, &[known]));
    assert_eq!(verdict == ServerVerdict::Agrees, agrees, "{verdict:?}");
}

#[rstest]
#[case::all_were_looked_at(&["c (and 1 other pod): hostPort"], 0, true)]
#[case::one_was_not(&["c: hostPort"], 0, true)]
#[case::the_first_was_not(&["d: hostPort"], 0, true)]
#[case::none_was(&[], 0, true)]
#[case::one_more(&["c (and 2 other pods): hostPort"], 0, false)]
#[case::a_lesser_name(&["b: hostPort"], 0, false)]
#[case::other_reasons(&["c: privileged"], 0, false)]
#[case::one_in_doubt(&["b (and 2 other pods): hostPort"], 1, true)]
#[case::one_in_doubt_and_others_not_looked_at(&["b (and 1 other pod): hostPort"], 1, true)]
fn pods_that_were_not_looked_at_may_be_missing(
    #[case] lines: &[&str],
    #[case] in_doubt: usize,
    #[case] agrees: bool,
) {
    let mut warnings = vec![FIRST_3000, HEADING];
    warnings.extend(lines);
    let verdict = read(&warnings).compare(&expected(3010, in_doubt, &["c (and 1 other pod): hostPort"]));
    assert_eq!(verdict == ServerVerdict::CutOff { checked: 3000, of: 3010 }, agrees, "{verdict:?}");
}

#[test]
fn no_more_pods_are_missing_than_were_not_looked_at() {
    let lines = ["a (and 5 other pods): hostPort", "b (and 4 other pods): privileged"];
    let verdict = read(&[FIRST_3000]).compare(&expected(3010, 0, &lines));
    assert_eq!(verdict, disagrees(&[], &lines[1..]));
}

/// Many pods, each with other reasons, in lines of a length.
fn many(count: usize, length: usize) -> Vec<String> {
    (0..count).map(|number| format!("{:x<length$}", format!("pod-{number:03}: "))).collect()
}

#[test]
fn warnings_that_are_cut_to_size_agree_as_far_as_they_go() {
    let ours = many(40, 300);
    let mut warnings = vec![HEADING.to_owned()];
    warnings.extend(ours.iter().map(|line| line[..SHORTENED].to_owned()));
    let as_sent = |warnings: &[String]| {
        let mut characters = 0;
        let fits = |text: &&String| {
            let fits = characters < MOST_CHARACTERS;
            characters += text.len();
            fits
        };
        warnings.iter().take_while(fits).cloned().collect::<Vec<_>>()
    };
    let policy = "baseline:v1.37".parse().unwrap();
    let sent = as_sent(&warnings);
    assert_eq!(sent.len(), 17);
    let expected = DryRun { pods: 50, lines: ours, in_doubt: 0 };
    let compare = |sent: &[String]| ServerAnswer::read("x", policy, sent.to_vec()).compare(&expected);
    assert_eq!(compare(&sent), ServerVerdict::CutOff { checked: 26, of: 50 });
    // One of them is missing in the middle.
    let mut holed = warnings.clone();
    holed.remove(5);
    assert_eq!(compare(&as_sent(&holed)), disagrees(&[], &[&expected.lines[4]]));
    // One differs.
    let mut changed = sent;
    changed[5].replace_range(20..21, "y");
    assert_eq!(compare(&changed), disagrees(&[&changed[5]], &[&expected.lines[4]]));
}

#[test]
fn all_lines_may_be_there_though_they_are_shortened() {
    let ours = many(14, 300);
    let mut warnings = vec![HEADING];
    warnings.extend(ours.iter().map(|line| &line[..SHORTENED]));
    let expected = DryRun { pods: 14, lines: ours.clone(), in_doubt: 0 };
    assert_eq!(read(&warnings).compare(&expected), ServerVerdict::Agrees);
}

#[test]
fn a_name_may_be_so_long_that_no_reasons_are_left() {
    let name = "n".repeat(LONGEST_NAME);
    let ours = format!("{name} (and 12 other pods): privileged");
    let line = &ours[..SHORTENED];
    let answer = read(&[HEADING, line]);
    assert_eq!((answer.lines.len(), answer.others.len()), (1, 0));
    assert_eq!(answer.compare(&expected(13, 0, &[&ours])), ServerVerdict::Agrees);
}

#[rstest]
#[case("privileged:latest", "baseline:latest", true)]
#[case("baseline:latest", "restricted:latest", true)]
#[case("baseline:v1.36", "baseline:v1.37", true)]
#[case("baseline:v1.37", "baseline:v1.36", true)]
#[case("restricted:v1.37", "baseline:v1.36", true)]
#[case("baseline:latest", "baseline:latest", false)]
#[case("restricted:latest", "baseline:latest", false)]
#[case("baseline:v1.36", "privileged:latest", false)]
fn pods_are_looked_at_when_the_level_rises_or_the_version_changes(
    #[case] from: &str,
    #[case] to: &str,
    #[case] looks: bool,
) {
    assert_eq!(looks_at_pods(from.parse().unwrap(), to.parse().unwrap()), looks);
}
