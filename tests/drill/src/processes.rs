//! Programs that the drill starts, and that never outlive it.
//!
//! Every child leads a process group of its own and asks the kernel to be terminated when the
//! drill's thread dies (`PR_SET_PDEATHSIG`); dropping a [`Running`] ends the whole group, first
//! with SIGTERM, then with SIGKILL. So a panic, Ctrl-C and even `kill -9` of the drill leave
//! nothing behind. Children are started from threads that live as long as the runtime.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::failure::{Doing, Failure, Outcome};

/// How long a group may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(3);

/// A program and its process group; ended when dropped.
pub struct Running {
    name: String,
    child: Child,
}

impl Running {
    /// Starts `command` in a group of its own. `name` is for messages.
    pub fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        isolate(command);
        let child = command.spawn().doing(format!("starting {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
        })
    }

    /// The child itself, to take its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// How it ended, if it has.
    pub fn exited(&mut self) -> Outcome<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for the end, at most `limit`.
    pub async fn wait(&mut self, limit: Duration) -> Outcome<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(Failure::new(format!(
                    "{} did not end within {limit:?}",
                    self.name
                )));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn signal_group(&self, signal: libc::c_int) {
        let Ok(pid) = libc::pid_t::try_from(self.child.id()) else {
            return;
        };
        // SAFETY: plain system call without pointers; the group is led by our child, which is not
        // reaped before this (a reaped child is never signalled, see `drop`).
        unsafe { libc::kill(-pid, signal) };
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        self.signal_group(libc::SIGTERM);
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        self.signal_group(libc::SIGKILL);
        // A killed child is reaped at once; an error leaves a zombie until the drill ends.
        drop(self.child.wait());
    }
}

/// Gives the command a process group of its own and ties its life to the drill's.
fn isolate(command: &mut Command) {
    command.process_group(0);
    // SAFETY: the closure runs between fork and exec and makes one async-signal-safe system call.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGTERM);
            Ok(())
        });
    }
}

/// What a finished program said.
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: String,
    /// Its standard error.
    pub stderr: String,
}

/// Runs `command` to its end, at most `limit`, with both outputs kept in files under `dir`.
pub async fn run_to_end(
    name: &str,
    command: &mut Command,
    dir: &Path,
    limit: Duration,
) -> Outcome<Finished> {
    let (out, err) = (
        dir.join(format!("{name}.out")),
        dir.join(format!("{name}.err")),
    );
    command.stdin(Stdio::null());
    command.stdout(std::fs::File::create(&out)?);
    command.stderr(std::fs::File::create(&err)?);
    let status = Running::start(name, command)?.wait(limit).await?;
    Ok(Finished {
        status,
        stdout: std::fs::read_to_string(out)?,
        stderr: std::fs::read_to_string(err)?,
    })
}

/// As [`run_to_end`], and a failure unless the program ended with 0.
pub async fn run_well(
    name: &str,
    command: &mut Command,
    dir: &Path,
    limit: Duration,
) -> Outcome<String> {
    let done = run_to_end(name, command, dir, limit).await?;
    if done.status.success() {
        return Ok(done.stdout);
    }
    Err(Failure::new(format!(
        "{name} ended with {}: {} {}",
        done.status,
        done.stdout.trim(),
        done.stderr.trim()
    )))
}

/// A TCP port on 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Outcome<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?
        .local_addr()?
        .port())
}

/// The first of `names` that is an executable file on the path or in the system's `sbin`.
pub fn find_program(names: &[&str]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs: Vec<PathBuf> = std::env::split_paths(&path)
        .chain(["/usr/sbin", "/usr/local/sbin", "/sbin"].map(PathBuf::from))
        .collect();
    names
        .iter()
        .flat_map(|name| dirs.iter().map(move |dir| dir.join(name)))
        .find(|candidate| candidate.is_file())
}

/// Unix milliseconds, the clock that the drill shares with the vendor's log.
pub fn unix_ms() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        })
}
