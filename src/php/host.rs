//! The PHP side of a wait: signals and time limits, and the connection's switch.
//!
//! The switch is a durable record. It is read at most every 100 ms by each client, and by a worker
//! whose pages make a client each, so that a pause acts within 250 ms even in a wait; where the
//! store cannot be read, the last known state holds, which the segment keeps for all workers of the
//! host.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use super::signals;
use crate::clock::{self, Monotonic};
use crate::http::{Host, Stop};
use crate::idempotency::Switches;
use crate::options::Plan;
use crate::segment::Connection;
use crate::store::Store;

const SWITCH_READ_EVERY: Duration = Duration::from_millis(100);

/// What a client asks between slices of waiting.
pub(super) struct PhpHost {
    namespace: String,
    connection: String,
    shared: Connection,
    switches: Option<Switches>,
    read_at: Cell<Option<Monotonic>>,
}

impl PhpHost {
    pub(super) fn new(plan: &Plan, shared: Connection, store: Option<Rc<dyn Store>>) -> Self {
        Self {
            namespace: plan.namespace.clone(),
            connection: plan.name.clone(),
            shared,
            switches: store.map(Switches::new),
            read_at: Cell::new(None),
        }
    }

    fn is_paused(&self) -> bool {
        if let Some(switches) = &self.switches {
            self.read(switches);
        }
        self.shared.last_known_paused()
    }

    /// Reads the switch where it is time to.
    fn read(&self, switches: &Switches) {
        let now = clock::monotonic();
        let own = self.read_at.get();
        let last = own.or_else(|| switches.last_read(&self.namespace, &self.connection));
        self.read_at.set(last);
        if last.is_some_and(|at| now.since(at) < SWITCH_READ_EVERY) {
            return;
        }
        self.read_at.set(Some(now));
        if let Ok(paused) = switches.is_paused(&self.connection) {
            self.shared.set_paused(paused);
            switches.note_read(&self.namespace, &self.connection, now);
        }
    }
}

impl Host for PhpHost {
    fn before_attempt(&self) -> Result<(), Stop> {
        if self.is_paused() {
            return Err(Stop::Paused {
                reason: "switched off".to_owned(),
            });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        signals::look()?;
        self.before_attempt()
    }
}
