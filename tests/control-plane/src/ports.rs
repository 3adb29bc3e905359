//! Ports on 127.0.0.1 that no other control plane takes meanwhile.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::binaries::cache_root;
use crate::error::{Doing as _, Error};

/// Below the ports that systems give to outgoing connections (32768 on Linux, 49152 on macOS), so that an API
/// server that is stopped for a while finds its port free again.
const FIRST: u16 = 24_000;
const COUNT: u16 = 4_000;

/// A port that stays ours until it is dropped, whether or not something listens on it: other processes that
/// use this crate see its file locked.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    _claim: File,
}

impl Port {
    /// Takes a free port.
    pub(crate) fn claim() -> Result<Self, Error> {
        let folder = cache_root()?.join("ports");
        fs::create_dir_all(&folder).doing(|| format!("create {}", folder.display()))?;
        // A start of its own per process keeps processes from trying the same ports one after the other.
        let start = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.subsec_micros())
            ^ std::process::id().wrapping_mul(7_919);
        for step in 0..COUNT {
            let offset = (start % u32::from(COUNT) + u32::from(step)) % u32::from(COUNT);
            let number = FIRST + u16::try_from(offset).unwrap_or(0);
            let path = folder.join(number.to_string());
            let claim = File::create(&path).doing(|| format!("write {}", path.display()))?;
            if claim.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _claim: claim });
            }
        }
        Err(Error::NoPort { first: FIRST, last: FIRST + COUNT - 1 })
    }

    /// Its number.
    pub(crate) const fn number(&self) -> u16 {
        self.number
    }
}
