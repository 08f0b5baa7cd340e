//! `Causeway\Switches`: pause and resume, durably.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::arguments::StoreArgument;
use super::{throw, value};
use crate::idempotency::Switches;

/// The switch of each connection: a durable record that every worker of every host sees within a
/// second, before each attempt. Pages go on from snapshots, the inbox keeps recording.
#[php_class]
#[php(name = "Causeway\\Switches", flags = ClassFlags::Final)]
pub struct PhpSwitches {
    switches: Switches,
}

#[php_impl]
impl PhpSwitches {
    /// The switches of this store.
    pub fn __construct(store: StoreArgument) -> Self {
        Self {
            switches: Switches::new(store.store),
        }
    }

    /// Switches a connection off.
    #[php(name = "pause", defaults(reason = "\"\""))]
    pub fn pause(&self, connection: &str, reason: &str) -> PhpResult<()> {
        self.switches
            .pause(connection, reason)
            .map_err(throw::store)
    }

    /// Switches it on again.
    #[php(name = "resume")]
    pub fn resume(&self, connection: &str) -> PhpResult<()> {
        self.switches.resume(connection).map_err(throw::store)
    }

    /// Whether it is off.
    #[php(name = "isPaused")]
    pub fn is_paused(&self, connection: &str) -> PhpResult<bool> {
        self.switches.is_paused(connection).map_err(throw::store)
    }

    /// Every connection that was ever switched.
    ///
    /// @return array<string, array{paused: bool, reason: string, since_ms: int}>
    #[php(name = "all")]
    pub fn all(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let mut all = ZendHashTable::new();
        for (connection, state) in self.switches.all().map_err(throw::store)? {
            let row = value::record([
                ("paused", value::truth(state.is_paused)),
                ("reason", value::bytes(state.reason.as_bytes())),
                ("since_ms", value::int(state.since_ms)),
            ])?;
            all.insert(connection.as_str(), row)?;
        }
        Ok(all)
    }
}
