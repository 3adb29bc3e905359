//! What the API server itself would say of the pods in a namespace, if its enforce label were changed.

use std::collections::{BTreeMap, HashMap};

use super::{Inventory, Judge, Reading, Shape};
use crate::standards::Verdict;

/// The answer to be expected from a dry run of an enforce label, to be compared with the one that comes.
///
/// It is about other pods than an [`Assessment`](super::Assessment): upstream looks at pods only, and at all of them,
/// finished ones and those being deleted included; it leaves out only those of exempt runtime classes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// The pods that upstream looks at. It gives up after 3,000, and says so.
    pub pods: usize,
    /// The lines about them, sorted as upstream sorts them: `web-1 (and 2 other pods): privileged`.
    pub lines: Vec<String>,
    /// The pods of which podsec does not know what upstream says. Where there are any, lines may differ.
    pub in_doubt: usize,
}

/// Pods of which upstream says the same.
#[derive(Default)]
struct Alike<'a> {
    pods: usize,
    /// The least of their names, by bytes.
    first: &'a str,
}

impl Judge {
    /// What a dry run of the enforce label in a namespace is to be expected to say of the pods there.
    pub fn dry_run(&self, inventory: &Inventory) -> DryRun {
        let mut answer = DryRun::default();
        let mut by_shape: HashMap<usize, Option<String>> = HashMap::new();
        let mut alike: BTreeMap<String, Alike<'_>> = BTreeMap::new();
        // Pods come by name, so that the first is the least.
        for (name, pod) in &inventory.pods {
            let Some(verdict) = self.verdict(&pod.reading) else { continue };
            answer.pods += 1;
            if verdict == Verdict::Conforms {
                continue;
            }
            let reasons = match &pod.reading {
                Reading::Judgeable(shape) => {
                    by_shape.entry(shape.address()).or_insert_with(|| self.reasons(shape)).as_deref()
                }
                Reading::Unreadable(_) => None,
            };
            match reasons {
                None => answer.in_doubt += 1,
                Some(reasons) => match alike.get_mut(reasons) {
                    Some(alike) => alike.pods += 1,
                    None => drop(alike.insert(reasons.to_owned(), Alike { pods: 1, first: name })),
                },
            }
        }
        answer.lines = alike.iter().map(|(reasons, alike)| line(reasons, alike)).collect();
        answer.lines.sort_unstable();
        answer
    }

    /// Upstream's reasons; `None` where it may know something that podsec does not.
    fn reasons(&self, shape: &Shape) -> Option<String> {
        let evaluation = self.evaluator.evaluate(self.policy, shape.pod());
        let is_known = !evaluation.violations().any(|violation| violation.is_in_doubt());
        is_known.then(|| evaluation.reasons())
    }
}

fn line(reasons: &str, Alike { pods, first }: &Alike<'_>) -> String {
    match pods {
        0 | 1 => format!("{first}: {reasons}"),
        2 => format!("{first} (and 1 other pod): {reasons}"),
        more => format!("{first} (and {} other pods): {reasons}", more - 1),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{PodPhase, TemplateKind, testing},
        *,
    };

    #[test]
    fn it_is_about_every_pod_and_in_upstreams_words() {
        let mut inventory = Inventory::default();
        let privileged = |name: &str| testing::pod(name).is(testing::PRIVILEGED);
        inventory.insert_pod(privileged("c").observed());
        inventory.insert_pod(privileged("b").phase(PodPhase::Finished).observed());
        inventory.insert_pod(privileged("a").phase(PodPhase::Deleting).observed());
        inventory.insert_pod(testing::pod("host").is(r#"{"hostPID": true, "hostIPC": true}"#).observed());
        inventory.insert_pod(testing::pod("fine").observed());
        inventory.insert_pod(
            testing::pod("g").is(r#"{"runtimeClassName": "gvisor", "hostPID": true}"#).observed(),
        );
        inventory.insert_pod(testing::pod("unread").is(testing::UNREADABLE).observed());
        inventory.insert_template(
            testing::template(TemplateKind::Deployment, "web").is(testing::PRIVILEGED).observed(),
        );
        let judge = testing::judge("baseline").exempting(["gvisor".to_owned()]);
        let lines = ["a (and 2 other pods): privileged", "host: host namespaces"];
        let expected = DryRun { pods: 6, lines: lines.map(str::to_owned).to_vec(), in_doubt: 1 };
        assert_eq!(judge.dry_run(&inventory), expected);
        inventory.remove_pod("a");
        assert_eq!(judge.dry_run(&inventory).lines[0], "b (and 1 other pod): privileged");
    }

    #[test]
    fn what_upstream_may_know_is_in_doubt() {
        let mut inventory = Inventory::default();
        inventory.insert_pod(testing::pod("a").is(testing::IN_DOUBT).observed());
        inventory.insert_pod(
            testing::pod("b")
                .is(r#"{"hostPID": true, "volumes": [{"name": "m", "marsDisk": {}}]}"#)
                .observed(),
        );
        let answer = testing::judge("restricted").dry_run(&inventory);
        assert_eq!((answer.pods, answer.in_doubt, answer.lines.len()), (2, 2, 0));
        let answer = testing::judge("baseline").dry_run(&inventory);
        assert_eq!((answer.in_doubt, answer.lines), (0, vec!["b: host namespaces".to_owned()]));
    }
}
