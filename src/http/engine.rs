//! The engine of this process and thread: one current-thread runtime and its pools.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts forks: an engine of an older generation belongs to the parent.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// To be called in the child after a fork (`pthread_atfork`): engines made before are the parent's.
pub fn forked() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}
