//! `hostProbesAndHostLifecycle` (baseline, since v1.34): the kubelet is not sent to other hosts.
//!
//! Looks at `httpGet.host` and `tcpSocket.host` of each container's three probes and two lifecycle handlers; they must
//! be empty, and `localhost` is not. Headers, ports and the other kinds of handlers do not count. Unlike all other
//! checks it names each container once, sorted.

use super::{
    About, Check, Container, Field, Handler, Level, Offence, Offences, Pod, Remedy, Revision,
    phrase::{self, by_count, names, quote_list, sorted, values},
    visit,
};

/// Where a host can stand: in an HTTP request, in a TCP connection.
type Fields = [Field; 2];

static LIVENESS: Fields =
    [Field::new(&["livenessProbe", "httpGet", "host"]), Field::new(&["livenessProbe", "tcpSocket", "host"])];
static READINESS: Fields = [
    Field::new(&["readinessProbe", "httpGet", "host"]),
    Field::new(&["readinessProbe", "tcpSocket", "host"]),
];
static STARTUP: Fields =
    [Field::new(&["startupProbe", "httpGet", "host"]), Field::new(&["startupProbe", "tcpSocket", "host"])];
static POST_START: Fields = [
    Field::new(&["lifecycle", "postStart", "httpGet", "host"]),
    Field::new(&["lifecycle", "postStart", "tcpSocket", "host"]),
];
static PRE_STOP: Fields = [
    Field::new(&["lifecycle", "preStop", "httpGet", "host"]),
    Field::new(&["lifecycle", "preStop", "tcpSocket", "host"]),
];

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
        for (fields, handler) in handlers(container) {
            let Some(handler) = handler else { continue };
            let targets = [handler.http_get.as_ref(), handler.tcp_socket.as_ref()];
            let hosts =
                fields.iter().zip(targets).filter_map(|(field, target)| Some((*field, &*target?.host)));
            for (field, host) in hosts.filter(|(_, host)| !host.is_empty()) {
                found.push(Offence::new(place, field, Remedy::Remove).found(host));
            }
        }
    });
}

fn handlers<'p>(container: &'p Container<'_>) -> [(&'static Fields, Option<&'p Handler<'p>>); 5] {
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
