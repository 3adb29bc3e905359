//! PURE: workloads and verdicts grouped, counted and compared; blockers; reports.
//!
//! Here goes what turns single judgements into what people read about a namespace. No I/O, no clock, no Kubernetes
//! client. Nothing has moved in yet: until then the gate of `rollout` holds every raise that would need a judgement.
