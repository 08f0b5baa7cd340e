//! One fetch at a time, seen from above the segment.
//!
//! Snapshots ask a [`SingleFlight`] for the lead before they fetch what others may be fetching
//! too. The binding gives them the segment's leases, tests a script. Losing the state costs a
//! second fetch and nothing else: what is stored is decided by versions.

use std::time::Duration;

/// Holding it is the lead; dropping it gives the lead up.
pub trait Leadership {}

/// What a look at a snapshot found: counted by whoever shares the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sighting {
    /// Served fresh.
    Fresh,
    /// Served stale.
    Stale,
    /// Not there, or too old to be shown.
    Missing,
    /// Another worker's fetch was awaited in place of an own one.
    Coalesced,
}

/// Who fetches, among all workers of the host.
pub trait SingleFlight {
    /// The lead for this key, unless another worker has it; ends by itself after `ttl`.
    fn try_lead(&self, key: &[u8; 32], ttl: Duration) -> Option<Box<dyn Leadership>>;

    /// Counts what was seen.
    fn note(&self, sighting: Sighting) {
        let _ = sighting;
    }
}

/// Nobody shares anything: everyone leads.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSharing;

/// The lead over oneself.
struct Alone;

impl Leadership for Alone {}

impl SingleFlight for NoSharing {
    fn try_lead(&self, _key: &[u8; 32], _ttl: Duration) -> Option<Box<dyn Leadership>> {
        Some(Box::new(Alone))
    }
}
