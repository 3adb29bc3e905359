//! The security contexts of pods and containers.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Lean,
    json::{Json, list, number_of, object, one_of, text},
};

fn is(value: &Value) -> Json {
    Just(value.clone()).boxed()
}

pub(super) fn of_pod(lean: Lean) -> Json {
    let hostprocess = object(vec![("hostProcess", 8, lean.either(is(&json!(false)), is(&json!(true))))]);
    let tidy = lean == Lean::Tidy;
    object(vec![
        ("appArmorProfile", 2, profile(lean)),
        ("seccompProfile", if tidy { 60 } else { 6 }, profile(lean)),
        ("seLinuxOptions", 3, se_linux(lean)),
        ("windowsOptions", 2, hostprocess),
        ("runAsNonRoot", if tidy { 60 } else { 8 }, lean.either(is(&json!(true)), is(&json!(false)))),
        ("runAsUser", 4, lean.either(number_of(&[1000, 1, i64::MAX]), number_of(&[0, -1]))),
        ("sysctls", 3, sysctls(lean)),
    ])
}

pub(super) fn of_container(lean: Lean) -> Json {
    let hostprocess = object(vec![("hostProcess", 8, lean.either(is(&json!(false)), is(&json!(true))))]);
    let required = if lean == Lean::Tidy { 150 } else { 10 };
    object(vec![
        ("allowPrivilegeEscalation", required, lean.either(is(&json!(false)), is(&json!(true)))),
        ("appArmorProfile", 2, profile(lean)),
        ("capabilities", required, capabilities(lean)),
        ("privileged", 3, lean.either(is(&json!(false)), is(&json!(true)))),
        ("procMount", 3, lean.either(one_of(&["Default"]), one_of(&["Unmasked", "", "default", "other"]))),
        ("runAsNonRoot", 4, lean.either(is(&json!(true)), is(&json!(false)))),
        ("runAsUser", 3, lean.either(number_of(&[1000, 1]), number_of(&[0, i64::MIN]))),
        ("seccompProfile", 4, profile(lean)),
        ("seLinuxOptions", 2, se_linux(lean)),
        ("windowsOptions", 2, hostprocess),
    ])
}

fn profile(lean: Lean) -> Json {
    let bad = one_of(&["Unconfined", "", "runtime/default", "runtimeDefault"]);
    let kind = lean.either(one_of(&["RuntimeDefault", "Localhost"]), bad);
    object(vec![("type", 150, kind), ("localhostProfile", 1, text())])
}

fn se_linux(lean: Lean) -> Json {
    let good = one_of(&["container_t", "container_init_t", "container_kvm_t", "container_engine_t", ""]);
    let kind = lean.either(good, one_of(&["spc_t", "b", "Container_t"]));
    let other = lean.either(is(&json!("")), text());
    object(vec![("type", 10, kind), ("user", 3, other.clone()), ("role", 3, other), ("level", 2, text())])
}

fn sysctls(lean: Lean) -> Json {
    let safe = one_of(&[
        "kernel.shm_rmid_forced",
        "net.ipv4.ip_local_port_range",
        "net.ipv4.tcp_syncookies",
        "net.ipv4.ping_group_range",
        "net.ipv4.ip_unprivileged_port_start",
        "net.ipv4.ip_local_reserved_ports",
        "net.ipv4.tcp_keepalive_time",
        "net.ipv4.tcp_fin_timeout",
        "net.ipv4.tcp_keepalive_intvl",
        "net.ipv4.tcp_keepalive_probes",
        "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_wmem",
        "net.ipv4.tcp_slow_start_after_idle",
        "net.ipv4.tcp_notsent_lowat",
    ]);
    let name = lean.either(safe, one_of(&["kernel.msgmax", "net/ipv4/tcp_syncookies", "", "b", "a"]));
    list(&object(vec![("name", 100, name), ("value", 5, text())]), 3)
}

fn capabilities(lean: Lean) -> Json {
    let default = one_of(&[
        "AUDIT_WRITE",
        "CHOWN",
        "DAC_OVERRIDE",
        "FOWNER",
        "FSETID",
        "KILL",
        "MKNOD",
        "NET_BIND_SERVICE",
        "SETFCAP",
        "SETGID",
        "SETPCAP",
        "SETUID",
        "SYS_CHROOT",
    ]);
    let good = lean.either(one_of(&["NET_BIND_SERVICE"]), default);
    let bad = one_of(&["NET_RAW", "SYS_ADMIN", "ALL", "chown", "CAP_CHOWN", ""]);
    let add = list(&lean.either(good, bad), 3);
    let drop = list(&lean.either(one_of(&["ALL"]), one_of(&["NET_RAW", "all", "SYS_ADMIN"])), 2);
    let one = one_of(&["ALL"]).prop_map(|all| Value::Array(vec![all])).boxed();
    let weight = if lean == Lean::Tidy { 150 } else { 10 };
    object(vec![("add", 4, add), ("drop", weight, lean.either(one, drop))])
}
