//! Telling systemd that the worker is there: ready, alive, about to end.
//!
//! Source: sd_notify(3). The variables of a service with `Type=notify` and `WatchdogSec=` name the
//! socket and the interval; without them nothing is told. A message that cannot be sent is no
//! failure of the work: systemd acts on the silence.

use std::cell::Cell;
use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use crate::clock::{self, Monotonic};

/// The line to systemd, where there is one.
#[derive(Debug)]
pub struct Heartbeat {
    socket: Option<UnixDatagram>,
    /// Half of what systemd waits for.
    every: Option<Duration>,
    told: Cell<Option<Monotonic>>,
}

impl Heartbeat {
    /// As the environment says: `NOTIFY_SOCKET`, `WATCHDOG_USEC`, `WATCHDOG_PID`.
    pub fn from_environment() -> Self {
        let is_ours = std::env::var_os("WATCHDOG_PID")
            .is_none_or(|pid| pid.to_str() == Some(&std::process::id().to_string()));
        let every = std::env::var_os("WATCHDOG_USEC").filter(|_| is_ours);
        let every = every.and_then(|usec| usec.to_str()?.parse().ok());
        Self::new(
            std::env::var_os("NOTIFY_SOCKET"),
            every.map(Duration::from_micros),
        )
    }

    fn new(path: Option<OsString>, interval: Option<Duration>) -> Self {
        Self {
            socket: path.and_then(|path| connect(&path).ok()),
            every: interval.map(|interval| interval / 2),
            told: Cell::new(None),
        }
    }

    /// The worker has begun.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The worker is alive; told no more often than systemd wants it.
    pub fn beat(&self) {
        let Some(every) = self.every else { return };
        let now = clock::monotonic();
        if self.told.get().is_none_or(|told| now.since(told) >= every) {
            self.told.set(Some(now));
            self.tell("WATCHDOG=1");
        }
    }

    /// The worker ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, message: &str) {
        if let Some(socket) = &self.socket {
            // Not heard is told by the silence.
            let _ = socket.send(message.as_bytes());
        }
    }
}

/// A name that begins with '@' is one of Linux's abstract ones.
fn connect(path: &std::ffi::OsStr) -> std::io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    match path.as_bytes().strip_prefix(b"@") {
        Some(name) => socket.connect_addr(&SocketAddr::from_abstract_name(name)?)?,
        None => socket.connect(path)?,
    }
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMs;

    fn heard(socket: &UnixDatagram) -> Vec<String> {
        let mut heard = Vec::new();
        let mut buffer = [0; 64];
        while let Ok(bytes) = socket.recv(&mut buffer) {
            heard.push(String::from_utf8_lossy(&buffer[..bytes]).into_owned());
        }
        heard
    }

    #[test]
    fn it_beats_at_half_the_interval() {
        clock::freeze(UnixMs(0));
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        systemd.set_nonblocking(true).unwrap();
        let heartbeat = Heartbeat::new(Some(path.into()), Some(Duration::from_secs(10)));
        heartbeat.ready();
        for _ in 0..12 {
            heartbeat.beat();
            clock::advance(Duration::from_secs(1));
        }
        heartbeat.stopping();
        let expected = [
            "READY=1",
            "WATCHDOG=1",
            "WATCHDOG=1",
            "WATCHDOG=1",
            "STOPPING=1",
        ];
        assert_eq!(heard(&systemd), expected);
        clock::thaw();
    }

    #[test]
    fn without_systemd_nothing_is_told() {
        let heartbeat = Heartbeat::new(None, None);
        heartbeat.ready();
        heartbeat.beat();
        let gone = Heartbeat::new(Some("/nowhere/notify".into()), None);
        gone.stopping();
        assert!(gone.socket.is_none());
    }
}
