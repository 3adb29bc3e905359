//! What the process takes, by the names that Prometheus' own client libraries give it.

use std::fmt;

use procfs::{
    ProcResult, WithCurrentSystemInfo as _,
    process::{LimitValue, Process},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{counter::ConstCounter, gauge::ConstGauge},
};

/// This process, looked at whenever it is asked about: some small files of `/proc`.
#[derive(Debug)]
pub(super) struct ThisProcess {
    /// In seconds since 1970; it does not change.
    started: Option<f64>,
}

/// What the kernel says of the process.
struct Taken {
    cpu_seconds: f64,
    resident_bytes: u64,
    virtual_bytes: u64,
    open_fds: u64,
    max_fds: u64,
}

impl ThisProcess {
    pub(super) fn new() -> Self {
        Self { started: started().ok() }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "ticks of a process and seconds since 1970 are far below 2^52"
)]
fn started() -> ProcResult<f64> {
    let ticks = Process::myself()?.stat()?.starttime;
    Ok(procfs::boot_time_secs()? as f64 + ticks as f64 / procfs::ticks_per_second() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "ticks of a process are far below 2^52")]
fn taken() -> ProcResult<Taken> {
    let process = Process::myself()?;
    let stat = process.stat()?;
    let max_fds = match process.limits()?.max_open_files.soft_limit {
        LimitValue::Value(value) => value,
        LimitValue::Unlimited => u64::MAX,
    };
    Ok(Taken {
        cpu_seconds: (stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64,
        resident_bytes: stat.rss_bytes().get(),
        virtual_bytes: stat.vsize,
        open_fds: process.fd_count()? as u64,
        max_fds,
    })
}

impl Collector for ThisProcess {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        // Where the kernel does not tell, nothing is told.
        let Ok(taken) = taken() else { return Ok(()) };
        let Taken { cpu_seconds, resident_bytes, virtual_bytes, open_fds, max_fds } = taken;
        let cpu = ConstCounter::new(cpu_seconds);
        let help = "CPU time that the process has taken, in user and system mode";
        cpu.encode(encoder.encode_descriptor("process_cpu_seconds", help, None, cpu.metric_type())?)?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Memory of the process that is in RAM", resident_bytes),
            ("process_virtual_memory_bytes", "Address space of the process", virtual_bytes),
            ("process_open_fds", "File descriptors that the process has open", open_fds),
            ("process_max_fds", "File descriptors that the process may have open", max_fds),
        ] {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        if let Some(started) = self.started {
            let gauge = ConstGauge::new(started);
            let help = "When the process began, in seconds since 1970";
            gauge.encode(encoder.encode_descriptor(
                "process_start_time_seconds",
                help,
                None,
                gauge.metric_type(),
            )?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[test]
    fn the_kernel_tells_of_this_process() {
        let Taken { cpu_seconds, resident_bytes, virtual_bytes, open_fds, max_fds } = taken().unwrap();
        assert!(cpu_seconds < 1e6);
        assert!(resident_bytes > 1 << 20 && resident_bytes < virtual_bytes, "{resident_bytes}");
        assert!((3..=max_fds).contains(&open_fds), "{open_fds}");
        let age = Timestamp::now().as_duration().as_secs_f64() - started().unwrap();
        assert!((-2.0..86_400.0).contains(&age), "{age}");
    }
}
