//! Named places at which a test kills this process, or makes an operation stop.
//!
//! Durable work must survive `kill -9` between any two of its steps, so the steps have names and a
//! test arms one of them: `inbox.after_claim:3` is its third hit. An armed point prints one line
//! and sends SIGKILL to its own process: nothing is flushed, closed or rolled back, exactly as
//! when the kernel does it. Tests inside this crate arm a point to return an error in its place.
//!
//! Nothing is armed unless the binding does so, which needs testing switched on and the command
//! line. Unarmed, a point costs one look at a thread-local flag.

use std::cell::RefCell;

use rustix::process::{Signal, getpid, kill_process};

use crate::store::{StoreError, StoreErrorKind};

/// What an armed point does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    /// Kills the process.
    Kill,
    /// Makes the operation stop with an error.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "tests alone stop without dying")
    )]
    Stop,
}

/// The armed point and the hits that are left until it acts.
#[derive(Clone, Debug)]
struct Armed {
    name: String,
    hits_left: u64,
    action: Action,
}

thread_local! {
    static ARMED: RefCell<Option<Armed>> = const { RefCell::new(None) };
}

/// An armed point made the operation stop; only tests see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped at the failpoint {0}")]
pub struct Stopped(&'static str);

impl From<Stopped> for StoreError {
    fn from(stopped: Stopped) -> Self {
        Self::new(StoreErrorKind::Unavailable, stopped.to_string())
    }
}

/// Arms the point that `spec` names, `name` or `name:n` for the n-th hit, to kill the process.
///
/// # Errors
/// A text for people when `spec` is malformed.
pub fn arm(spec: &str) -> Result<(), String> {
    let (name, hits_left) = match spec.rsplit_once(':') {
        None => (spec, 1),
        Some((name, number)) => {
            let hits = number.parse().ok().filter(|hits| *hits > 0);
            (
                name,
                hits.ok_or_else(|| format!("failpoint '{spec}': no number of a hit after ':'"))?,
            )
        }
    };
    let armed = Armed {
        name: name.to_owned(),
        hits_left,
        action: Action::Kill,
    };
    ARMED.with(|slot| *slot.borrow_mut() = Some(armed));
    Ok(())
}

/// Arms what the environment's `CAUSEWAY_FAILPOINT` says, where it says something; a malformed
/// one is told on stderr and arms nothing.
pub fn enable() {
    let spec = std::env::var_os("CAUSEWAY_FAILPOINT").unwrap_or_default();
    if spec.is_empty() {
        return;
    }
    if let Err(message) = arm(&spec.to_string_lossy()) {
        eprintln!("causeway: {message}");
    }
}

/// Disarms.
pub fn disarm() {
    ARMED.with(|slot| *slot.borrow_mut() = None);
}

/// Passes a point. `is_holding` says whether a claim or a lease is held here.
///
/// # Errors
/// When a test armed the point to stop the operation.
pub fn hit(name: &'static str, is_holding: bool) -> Result<(), Stopped> {
    let due = ARMED.with(|slot| {
        let mut slot = slot.borrow_mut();
        let armed = slot.as_mut().filter(|armed| armed.name == name)?;
        armed.hits_left = armed.hits_left.saturating_sub(1);
        if armed.hits_left > 0 {
            return None;
        }
        slot.take().map(|armed| armed.action)
    });
    match due {
        None => Ok(()),
        Some(Action::Stop) => Err(Stopped(name)),
        Some(Action::Kill) => {
            let holding = if is_holding { "a claim" } else { "no claim" };
            eprintln!("causeway: killed at {name}, holding {holding}");
            // Does not return: nobody can block SIGKILL.
            let _ = kill_process(getpid(), Signal::KILL);
            Ok(())
        }
    }
}

/// Arms a point to stop the operation with an error.
#[cfg(test)]
pub(crate) fn arm_to_stop(name: &str, hits: u64) {
    let armed = Armed {
        name: name.to_owned(),
        hits_left: hits,
        action: Action::Stop,
    };
    ARMED.with(|slot| *slot.borrow_mut() = Some(armed));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_at_the_named_hit_and_once() {
        arm_to_stop("inbox.after_claim", 2);
        assert_eq!(hit("inbox.before_claim", false), Ok(()));
        assert_eq!(hit("inbox.after_claim", true), Ok(()));
        assert_eq!(
            hit("inbox.after_claim", true),
            Err(Stopped("inbox.after_claim"))
        );
        assert_eq!(hit("inbox.after_claim", true), Ok(()));
    }

    #[test]
    fn a_malformed_number_is_told() {
        assert!(arm("inbox.after_claim:x").is_err());
        assert!(arm("inbox.after_claim:0").is_err());
        assert!(arm("inbox.after_claim:3").is_ok());
        disarm();
    }
}
