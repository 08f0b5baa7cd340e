//! Who holds a lease: the process, by its number.
//!
//! A holder that is gone no longer holds, so a killed worker delays nobody for longer than a look.
//! Process numbers are reused, and those of another PID namespace look dead from here: therefore
//! every lease also ends by itself, and losing one early must cost no more than doubled work.
//!
//! This process's own number is asked for once and again after a fork: a system call for each
//! lease would cost more than the lease.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::{io::Errno, process};

use super::raw;

/// This process's number; 0 where it is to be asked for.
static ME: AtomicU32 = AtomicU32::new(0);
/// Whether a fork makes it be asked for again.
static IS_FORK_NOTICED: OnceLock<bool> = OnceLock::new();

/// This process.
pub(super) fn me() -> u32 {
    let known = ME.load(Ordering::Relaxed);
    if known != 0 {
        return known;
    }
    let number = u32::try_from(process::getpid().as_raw_nonzero().get()).unwrap_or(0);
    if *IS_FORK_NOTICED.get_or_init(|| raw::on_fork_in_child(forget)) {
        ME.store(number, Ordering::Relaxed);
    }
    number
}

/// Runs in the child of a fork, before anything else there.
extern "C" fn forget() {
    ME.store(0, Ordering::Relaxed);
}

/// Whether there is such a process, whoever it belongs to.
pub(super) fn is_alive(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(process::Pid::from_raw) else {
        return false;
    };
    !matches!(process::test_kill_process(pid), Err(Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_nobody_does_not() {
        assert!(is_alive(me()));
        assert!(!is_alive(0));
        assert!(!is_alive(u32::MAX));
    }

    #[test]
    fn a_child_that_was_waited_for_is_gone() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        assert!(!is_alive(child.id()));
    }
}
