//! Pods reduced to what can make a difference to a judgement, each kept once.

use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use crate::standards::{
    Evaluator, Level, LevelVersion, NEWEST_MINOR, Verdict, Version, evaluate,
    pod::{Container, Pod, Sources, Spec, Text, Volume},
};

/// The verdicts that a shape remembers: of two levels at each minor. Versions of privileged do not differ.
const MINORS: usize = NEWEST_MINOR as usize + 1;

/// How many shapes there are before those that nobody uses are looked for.
const FIRST_SWEEP: usize = 1024;

/// A pod, or the pod that a template makes, reduced to what a check reads or a message can print.
///
/// Judging the shape gives what judging the pod gives: the same violations at the same fields in the same words. Pods
/// of one workload nearly always have one shape, and a shape is kept once: a copy of it costs a pointer. It remembers
/// its verdicts.
#[derive(Clone)]
pub struct Shape(Arc<Known>);

struct Known {
    pod: Pod<'static>,
    /// The pod without its ephemeral containers, if it has any.
    settled: Option<Shape>,
    /// [`remembered`] verdicts by level and minor.
    verdicts: [AtomicU8; 2 * MINORS],
}

impl Shape {
    /// The reduced pod.
    pub fn pod(&self) -> &Pod<'static> {
        &self.0.pod
    }

    /// The same pod without its ephemeral containers: what it will be when it is made anew.
    pub fn settled(&self) -> &Self {
        self.0.settled.as_ref().unwrap_or(self)
    }

    /// The runtime class, by which an API server may exempt it; empty when there is none.
    pub fn runtime_class(&self) -> &str {
        &self.0.pod.spec.runtime_class_name
    }

    /// The verdict, worked out once for each level and minor.
    pub fn verdict(&self, evaluator: &Evaluator, policy: LevelVersion) -> Verdict {
        let offset = match policy.level {
            Level::Privileged => return Verdict::Conforms,
            Level::Baseline => 0,
            Level::Restricted => MINORS,
        };
        let judge = || evaluator.evaluate(policy, self.pod()).verdict();
        let Some(slot) = self.0.verdicts.get(offset + evaluator.minor(policy.version) as usize) else {
            return judge();
        };
        // Whoever comes second writes the same: the order does not matter.
        remembered(slot.load(Ordering::Relaxed)).unwrap_or_else(|| {
            let verdict = judge();
            slot.store(memory_of(verdict), Ordering::Relaxed);
            verdict
        })
    }

    /// Tells shapes of one [`Shapes`] apart.
    pub(super) fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }
}

const fn remembered(memory: u8) -> Option<Verdict> {
    match memory {
        1 => Some(Verdict::Conforms),
        2 => Some(Verdict::Violates),
        3 => Some(Verdict::Inconclusive),
        _ => None,
    }
}

const fn memory_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Conforms => 1,
        Verdict::Violates => 2,
        Verdict::Inconclusive => 3,
    }
}

impl PartialEq for Shape {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.pod() == other.pod()
    }
}

impl Eq for Shape {}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.pod().fmt(f)
    }
}

/// All shapes in use. One for each process, or for each listing.
#[derive(Debug)]
pub struct Shapes {
    hasher: RandomState,
    known: HashMap<u64, Vec<Shape>>,
    count: usize,
    next_sweep: usize,
    /// What is known of kinds of volumes: see [`is_free`].
    free: HashMap<Sources, bool>,
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            hasher: RandomState::new(),
            known: HashMap::new(),
            count: 0,
            next_sweep: FIRST_SWEEP,
            free: HashMap::new(),
        }
    }
}

impl Shapes {
    /// The shape of a pod as it stands: what the API server fills in, it has filled in.
    pub fn of_pod(&mut self, pod: Pod<'_>) -> Shape {
        self.intern(pod)
    }

    /// The shape of the pods that a template makes: what the API server fills into them is filled in.
    pub fn of_template(&mut self, mut template: Pod<'_>) -> Shape {
        template.default_as_pod();
        self.intern(template)
    }

    /// How many shapes are kept. Those that nobody uses any more are let go in time.
    pub const fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn intern(&mut self, mut pod: Pod<'_>) -> Shape {
        self.reduce(&mut pod.spec);
        let hash = self.hasher.hash_one(&pod);
        if let Some(shape) = self.known.get(&hash).and_then(|shapes| find(shapes, &pod)) {
            return shape;
        }
        let pod = pod.into_owned();
        let settled = (!pod.spec.ephemeral_containers.is_empty()).then(|| {
            let mut settled = pod.clone();
            settled.spec.ephemeral_containers.clear();
            self.intern(settled)
        });
        let shape =
            Shape(Arc::new(Known { pod, settled, verdicts: [const { AtomicU8::new(0) }; 2 * MINORS] }));
        self.known.entry(hash).or_default().push(shape.clone());
        self.count += 1;
        if self.count >= self.next_sweep {
            self.sweep();
        }
        shape
    }

    /// Takes from a pod what can make no difference. The places of what remains do not change.
    fn reduce(&mut self, spec: &mut Spec<'_>) {
        let mut is_free = |volume: &Volume<'_>| {
            *self.free.entry(volume.sources).or_insert_with_key(|sources| is_free(*sources))
        };
        let needed = spec.volumes.iter().rposition(|volume| !is_free(volume)).map_or(0, |last| last + 1);
        spec.volumes.truncate(needed);
        for volume in &mut spec.volumes {
            if is_free(volume) {
                *volume = Volume { name: Text::default(), sources: FREE };
            }
        }
        let lists = [&mut spec.init_containers, &mut spec.containers, &mut spec.ephemeral_containers];
        lists.into_iter().flatten().for_each(reduce_ports);
    }

    /// Lets go of the shapes that nobody uses; what they took is then at most doubled before the next time.
    fn sweep(&mut self) {
        self.known.retain(|_, shapes| {
            shapes.retain(|shape| Arc::strong_count(&shape.0) > 1);
            !shapes.is_empty()
        });
        self.count = self.known.values().map(Vec::len).sum();
        self.next_sweep = FIRST_SWEEP.max(2 * self.count);
    }
}

/// A free function so that the lifetimes of what is known and of what is asked for can meet.
fn find(shapes: &[Shape], pod: &Pod<'_>) -> Option<Shape> {
    shapes.iter().find(|shape| shape.pod() == pod).cloned()
}

/// What stands in for a volume that no check can refuse.
const FREE: Sources = Sources::of(&["emptyDir"]);

/// Whether no check at any level and version can have anything against a volume with these sources, so that neither
/// its name nor its kind is ever printed. The checks themselves are asked.
fn is_free(sources: Sources) -> bool {
    let volume = Volume { name: Text::default(), sources };
    let pod = Pod { spec: Spec { volumes: vec![volume], ..Spec::default() }, ..Pod::default() };
    let versions = || (0..=NEWEST_MINOR).map(|minor| Version::Minor(minor.into()));
    Level::ALL
        .into_iter()
        .flat_map(|level| versions().map(move |version| LevelVersion::new(level, version)))
        .all(|policy| evaluate(policy, &pod).is_allowed())
}

/// Leaves a container's host ports where they are. A port of the container itself is nobody's business.
fn reduce_ports(container: &mut Container<'_>) {
    let needed = container.ports.iter().rposition(|port| port.host_port != 0).map_or(0, |last| last + 1);
    container.ports.truncate(needed);
    for port in &mut container.ports {
        port.container_port = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(json: &str) -> Pod<'_> {
        Pod::from_json(json).unwrap()
    }

    #[test]
    fn pods_that_differ_in_what_no_check_sees_have_one_shape() {
        let mut shapes = Shapes::default();
        let one = shapes.of_pod(pod(
            r#"{"spec":{"containers":[{"name":"a","ports":[{"containerPort":80}]}],"volumes":[{"name":"kube-api-access-x","projected":{}}]}}"#,
        ));
        let other = shapes.of_pod(pod(
            r#"{"spec":{"containers":[{"name":"a"}],"volumes":[{"name":"tmp","secret":{}},{"name":"kube-api-access-y","projected":{}}]}}"#,
        ));
        assert_eq!((one.address(), shapes.len()), (other.address(), 1));
        let named = shapes.of_pod(pod(r#"{"spec":{"containers":[{"name":"b"}]}}"#));
        assert_ne!(one, named);
    }

    #[test]
    fn what_a_check_refuses_keeps_its_name_and_place() {
        let mut shapes = Shapes::default();
        let shape = shapes.of_pod(pod(
            r#"{"spec":{"volumes":[{"name":"a","emptyDir":{}},{"name":"b","hostPath":{}},{"name":"c","secret":{}}]}}"#,
        ));
        let names: Vec<_> = shape.pod().spec.volumes.iter().map(|volume| &*volume.name).collect();
        assert_eq!(names, ["", "b"]);
        let of = |json| Shapes::default().of_pod(pod(json)).pod().spec.volumes.len();
        assert_eq!(of(r#"{"spec":{"volumes":[{"name":"a","marsDisk":{}}]}}"#), 1, "in doubt");
        assert_eq!(of(r#"{"spec":{"volumes":[{"name":"a"}]}}"#), 1, "upstream calls it unknown");
        assert_eq!(of(r#"{"spec":{"volumes":[{"name":"a","hostPath":{},"emptyDir":{}}]}}"#), 1, "both");
    }

    #[test]
    fn a_template_is_judged_as_the_pod_it_makes() {
        let mut shapes = Shapes::default();
        let template = shapes.of_template(pod(
            r#"{"spec":{"hostNetwork":true,"containers":[{"name":"a","ports":[{"containerPort":80}]}]}}"#,
        ));
        assert_eq!(template.pod().spec.containers[0].ports[0].host_port, 80);
    }

    #[test]
    fn a_shape_without_ephemeral_containers_is_the_settled_one() {
        let mut shapes = Shapes::default();
        let debugged = shapes.of_pod(pod(
            r#"{"spec":{"containers":[{"name":"a"}],"ephemeralContainers":[{"name":"debug"}]}}"#,
        ));
        let settled = shapes.of_pod(pod(r#"{"spec":{"containers":[{"name":"a"}]}}"#));
        assert_eq!(debugged.settled().address(), settled.address());
        assert_eq!(settled.settled().address(), settled.address());
    }

    #[test]
    fn shapes_that_nobody_uses_are_let_go() {
        let mut shapes = Shapes::default();
        let kept = shapes.of_pod(pod(r#"{"spec":{"containers":[{"name":"kept"}]}}"#));
        for index in 0..10 * FIRST_SWEEP {
            let text = format!(r#"{{"spec":{{"containers":[{{"name":"c{index}"}}]}}}}"#);
            shapes.of_pod(pod(&text));
        }
        assert!(shapes.len() <= FIRST_SWEEP, "{} are kept", shapes.len());
        let again = shapes.of_pod(pod(r#"{"spec":{"containers":[{"name":"kept"}]}}"#));
        assert_eq!(kept.address(), again.address());
    }

    #[test]
    fn a_verdict_is_remembered_for_its_level_and_minor_only() {
        let shape = Shapes::default().of_pod(pod(
            r#"{"spec":{"containers":[{"name":"a","livenessProbe":{"httpGet":{"host":"h"}}}]}}"#,
        ));
        let verdict =
            |server, policy: &str| shape.verdict(&Evaluator::for_server(server), policy.parse().unwrap());
        for _ in 0..2 {
            assert_eq!(verdict(99, "baseline:v1.33"), Verdict::Conforms);
            assert_eq!(verdict(99, "baseline:latest"), Verdict::Violates);
            assert_eq!(verdict(33, "baseline:latest"), Verdict::Conforms);
            assert_eq!(verdict(33, "restricted:latest"), Verdict::Violates);
            assert_eq!(verdict(33, "privileged:latest"), Verdict::Conforms);
        }
    }
}
