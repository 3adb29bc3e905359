//! A corpus of manifests: realistic in size and content, and always the same.

use std::{fmt::Write as _, fs, io, path::Path};

/// How many of 1,000 manifests are of each kind, and what stands between `spec:` and the pod template. Roughly what a
/// platform's repositories hold.
const KINDS: [(u64, &str, &str, &str); 6] = [
    (
        450,
        "Deployment",
        "apps/v1",
        "replicas: 3\nselector:\n  matchLabels:\n    app.kubernetes.io/name: APP\n",
    ),
    (
        148,
        "StatefulSet",
        "apps/v1",
        "serviceName: APP\nselector:\n  matchLabels:\n    app.kubernetes.io/name: APP\n",
    ),
    (125, "DaemonSet", "apps/v1", "selector:\n  matchLabels:\n    app.kubernetes.io/name: APP\n"),
    (101, "Pod", "v1", ""),
    (100, "CronJob", "batch/v1", "schedule: \"*/15 * * * *\"\nconcurrencyPolicy: Forbid\n"),
    (76, "Job", "batch/v1", "backoffLimit: 3\n"),
];

const NOUNS: [&str; 16] = [
    "orders", "catalog", "payments", "media", "session", "gateway", "mailer", "search", "pricing", "ledger",
    "profile", "billing", "audit", "report", "stock", "basket",
];

const ROLES: [&str; 12] = [
    "api",
    "worker",
    "web",
    "cache",
    "indexer",
    "consumer",
    "scheduler",
    "proxy",
    "exporter",
    "migrator",
    "agent",
    "sync",
];

const LABELS: &str = "\
labels:
  app.kubernetes.io/name: APP
  app.kubernetes.io/instance: production
  app.kubernetes.io/component: backend
  app.kubernetes.io/part-of: shop
  app.kubernetes.io/managed-by: Helm
annotations:
  prometheus.io/scrape: \"true\"
  prometheus.io/port: \"9090\"
";

const SCHEDULING: &str = "\
serviceAccountName: APP
automountServiceAccountToken: false
terminationGracePeriodSeconds: 30
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    - weight: 100
      podAffinityTerm:
        topologyKey: kubernetes.io/hostname
        labelSelector:
          matchLabels:
            app.kubernetes.io/name: APP
tolerations:
- key: dedicated
  operator: Equal
  value: apps
  effect: NoSchedule
";

const VOLUMES: &str = "\
volumes:
- name: config
  configMap:
    name: APP-config
- name: tmp
  emptyDir: {}
- name: tls
  secret:
    secretName: APP-tls
";

const PORTS_AND_MOUNTS: &str = "\
ports:
- name: http
  containerPort: 8080
  protocol: TCP
- name: metrics
  containerPort: 9090
resources:
  requests:
    cpu: 250m
    memory: 256Mi
  limits:
    memory: 512Mi
volumeMounts:
- name: config
  mountPath: /etc/app
  readOnly: true
- name: tmp
  mountPath: /tmp
- name: tls
  mountPath: /etc/tls
  readOnly: true
";

/// The generator splitmix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let index = usize::try_from(self.next()).unwrap_or_default() % words.len();
        words[index]
    }
}

/// How a pod stands to the standards: half conform to restricted, a third of the others not even to baseline.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Restricted,
    Baseline,
    Neither,
}

/// Writes manifests into a folder, 100 to a subfolder, and gives their size together in bytes.
pub(crate) fn write(folder: &Path, count: u64) -> io::Result<u64> {
    let mut bytes = 0;
    for index in 0..count {
        let inner = folder.join(format!("{:03}", index / 100));
        if index % 100 == 0 {
            fs::create_dir_all(&inner)?;
        }
        let (name, text) = manifest(index);
        bytes += text.len() as u64;
        fs::write(inner.join(name), text)?;
    }
    Ok(bytes)
}

/// One manifest: the name of its file, and its text.
fn manifest(index: u64) -> (String, String) {
    let random = &mut Random(index.wrapping_mul(0x5851_f42d_4c95_7f2d));
    let mut draw = random.below(1000);
    let mut kinds = KINDS.iter();
    let (_, kind, version, before) = loop {
        match kinds.next() {
            Some((share, ..)) if draw >= *share => draw -= share,
            Some(kind) => break kind,
            None => break &KINDS[0],
        }
    };
    let app = format!("{}-{}", random.pick(&NOUNS), random.pick(&ROLES));
    let namespace = random.pick(&NOUNS);
    let spec = pod_spec(random, kind.ends_with("Job"));
    let template = format!("metadata:\n{}spec:\n{}", indented(2, LABELS), indented(2, &spec));
    let body = match *kind {
        "Pod" => spec,
        "CronJob" => {
            format!("{before}jobTemplate:\n  spec:\n    template:\n{}", indented(6, &template))
        }
        _ => format!("{before}template:\n{}", indented(2, &template)),
    };
    let metadata = format!("  name: {app}-{index}\n  namespace: {namespace}\n{}", indented(2, LABELS));
    let text = format!(
        "# {app}, {kind}\napiVersion: {version}\nkind: {kind}\nmetadata:\n{metadata}spec:\n{}",
        indented(2, &body)
    );
    (format!("{index:05}-{}-{app}.yaml", kind.to_lowercase()), text.replace("APP", &app))
}

fn indented(by: usize, text: &str) -> String {
    text.lines().fold(String::with_capacity(text.len() * 2), |mut all, line| {
        _ = writeln!(all, "{:by$}{line}", "");
        all
    })
}

fn pod_spec(random: &mut Random, is_job: bool) -> String {
    let conduct = match random.below(100) {
        0..50 => Conduct::Restricted,
        50..84 => Conduct::Baseline,
        _ => Conduct::Neither,
    };
    let mut spec = SCHEDULING.to_owned();
    if is_job {
        spec.push_str("restartPolicy: Never\n");
    }
    spec.push_str("securityContext:\n  fsGroup: 2000\n");
    if conduct == Conduct::Restricted || random.percent(50) {
        spec.push_str(
            "  runAsNonRoot: true\n  runAsUser: 10001\n  seccompProfile:\n    type: RuntimeDefault\n",
        );
    }
    if random.percent(40) {
        spec.push_str("initContainers:\n");
        spec.push_str(&container(random, "init", conduct));
    }
    spec.push_str("containers:\n");
    for name in ["main", "metrics", "log-shipper"]
        .iter()
        .take(1 + usize::from(random.percent(66)) + usize::from(random.percent(50)))
    {
        spec.push_str(&container(random, name, conduct));
    }
    spec.push_str(VOLUMES);
    if conduct == Conduct::Neither {
        spec.push_str(if random.percent(50) {
            "hostNetwork: true\n"
        } else {
            "- name: logs\n  hostPath:\n    path: /var/log\n"
        });
    }
    spec
}

fn container(random: &mut Random, name: &str, conduct: Conduct) -> String {
    let mut text = format!(
        "name: {name}\nimage: registry.example/shop/{name}:{}.{}\nimagePullPolicy: IfNotPresent\n\
         args: [\"--config=/etc/app/config.yaml\", \"--log-level=info\", \"--listen=:8080\"]\nenv:\n",
        random.below(9),
        random.below(40)
    );
    for _ in 0..10 + random.below(21) {
        variable(random, &mut text);
    }
    for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
        _ = writeln!(
            text,
            "{probe}:\n  httpGet:\n    path: /healthz\n    port: http\n  periodSeconds: {}\n  timeoutSeconds: 3",
            5 + random.below(20)
        );
    }
    text.push_str(PORTS_AND_MOUNTS);
    text.push_str("securityContext:\n  readOnlyRootFilesystem: true\n");
    if conduct == Conduct::Restricted || random.percent(40) {
        text.push_str("  allowPrivilegeEscalation: false\n  capabilities:\n    drop:\n    - ALL\n");
    }
    let mut entry = indented(2, &text);
    entry.replace_range(..1, "-");
    entry
}

fn variable(random: &mut Random, text: &mut String) {
    let (noun, role) = (random.pick(&NOUNS), random.pick(&ROLES));
    let name = format!("{}_{}_{}", noun.to_uppercase(), role.to_uppercase(), random.below(100));
    _ = if random.percent(25) {
        writeln!(
            text,
            "- name: {name}\n  valueFrom:\n    secretKeyRef:\n      name: {noun}-credentials\n      key: {role}"
        )
    } else {
        let port = 1024 + random.below(60_000);
        writeln!(text, "- name: {name}\n  value: \"https://{noun}.{role}.svc.cluster.local:{port}/v1\"")
    };
}
