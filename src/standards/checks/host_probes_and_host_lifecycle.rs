//! `hostProbesAndHostLifecycle` (baseline, since v1.34): the kubelet is not sent to other hosts.
//!
//! Looks at `httpGet.host` and `tcpSocket.host` of each container's three probes and two lifecycle handlers; they must
//! be empty, and `localhost` is not. Headers, ports and the other kinds of handlers do not count. Unlike all other
//! checks it names each container once, sorted.

use super::{
    About, Check, Container, Demand, Handler, Level, Offence, Offences, Pod, Remedy, Revision,
    phrase::{self, by_count, names, quote_list, sorted, values},
    visit,
};

/// The hosts of a handler: of an HTTP request, and of a TCP connection.
type Hosts = [Demand; 2];

static LIVENESS: Hosts =
    [host(&["livenessProbe", "httpGet", "host"]), host(&["livenessProbe", "tcpSocket", "host"])];
static READINESS: Hosts =
    [host(&["readinessProbe", "httpGet", "host"]), host(&["readinessProbe", "tcpSocket", "host"])];
static STARTUP: Hosts =
    [host(&["startupProbe", "httpGet", "host"]), host(&["startupProbe", "tcpSocket", "host"])];
static POST_START: Hosts = [
    host(&["lifecycle", "postStart", "httpGet", "host"]),
    host(&["lifecycle", "postStart", "tcpSocket", "host"]),
];
static PRE_STOP: Hosts = [
    host(&["lifecycle", "preStop", "httpGet", "host"]),
    host(&["lifecycle", "preStop", "tcpSocket", "host"]),
];

const fn host(keys: &'static [&'static str]) -> Demand {
    Demand::new(keys, Remedy::Remove)
}

pub(super) const CHECK: Check = Check {
    id: "hostProbesAndHostLifecycle",
    level: Level::Baseline,
    about: About {
        title: "Hosts of probes and lifecycle handlers",
        fields: &[
            "spec.containers[*].{livenessProbe,readinessProbe,startupProbe}.{httpGet,tcpSocket}.host",
            "spec.containers[*].lifecycle.{postStart,preStop}.{httpGet,tcpSocket}.host",
        ],
        allows: "empty, or not set: the pod itself is asked",
        protects: "The kubelet would ask any host for the pod, from the node's place in the network.",
        cis: &[],
        nsa: &[],
        bad: include_str!("examples/hostProbesAndHostLifecycle.bad.yaml"),
        good: include_str!("examples/hostProbesAndHostLifecycle.good.yaml"),
    },
    revisions: &[Revision::since(34, "hosts must be empty", offences)],
    overrides: &[],
    reason: |_| "probe or lifecycle host",
    detail,
};

fn offences<'p>(pod: &'p Pod<'_>, _: u32, found: &mut Offences<'p>) {
    visit(pod, |place, container| {
        for (hosts, handler) in handlers(container) {
            let Some(handler) = handler else { continue };
            for (demand, target) in hosts.iter().zip([&handler.http_get, &handler.tcp_socket]) {
                if let Some(host) =
                    target.as_ref().map(|target| &*target.host).filter(|host| !host.is_empty())
                {
                    found.push(Offence::new(place, demand).found(host));
                }
            }
        }
    });
}

fn handlers<'p>(container: &'p Container<'_>) -> [(&'static Hosts, Option<&'p Handler<'p>>); 5] {
    let lifecycle = container.lifecycle.as_ref();
    [
        (&LIVENESS, container.liveness_probe.as_ref()),
        (&READINESS, container.readiness_probe.as_ref()),
        (&STARTUP, container.startup_probe.as_ref()),
        (&POST_START, lifecycle.and_then(|lifecycle| lifecycle.post_start.as_ref())),
        (&PRE_STOP, lifecycle.and_then(|lifecycle| lifecycle.pre_stop.as_ref())),
    ]
}

fn detail(offences: &[Offence<'_>], out: &mut String) {
    let names = sorted(names(offences));
    let hosts = values(offences);
    phrase::containers(out, names.iter());
    by_count(out, names.len(), " uses ", " use ");
    by_count(out, hosts.len(), "probe or lifecycle host ", "probe or lifecycle hosts ");
    quote_list(out, hosts);
}
