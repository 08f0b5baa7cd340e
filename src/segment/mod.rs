//! The room `segment`: signatures first, the insides follow.
#![allow(
    unused_variables,
    missing_docs,
    reason = "signatures first; replaced by the insides"
)]

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use crate::{
    clock::Monotonic,
    policy::{breaker, budget},
    telemetry::Counter,
};

#[derive(Clone, Debug, Default)]
pub struct SegmentOptions {
    pub dir: Option<PathBuf>,
}

pub fn configure(options: SegmentOptions) {}

pub fn segment() -> &'static Segment {
    static SEGMENT: OnceLock<Segment> = OnceLock::new();
    SEGMENT.get_or_init(Segment::in_process)
}

#[derive(Clone, Debug)]
pub struct Segment;

#[derive(Debug, thiserror::Error)]
#[error("segment: {0}")]
pub struct SegmentError(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    File,
    Anonymous,
    Process,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        "process"
    }
}

#[derive(Clone, Debug)]
pub struct SegmentStatus {
    pub kind: Kind,
    pub path: Option<PathBuf>,
    /// Why the file was not taken, where it was not.
    pub refused: Option<String>,
    pub layout: u32,
    pub connections: usize,
    pub capacity: usize,
    pub overflowed: u64,
}

#[derive(Clone, Debug)]
pub struct Connection;

#[derive(Debug)]
pub struct Lease;

impl Lease {
    pub fn release(self) {}
}

/// Seals tokens; made from the client's secret.
pub struct SealKey;

impl SealKey {
    pub fn derive(client_secret: &[u8], context: &[u8]) -> Self {
        Self
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    pub secret: Vec<u8>,
    pub expires: Monotonic,
    pub refresh_after: Monotonic,
    /// Which write it came from; handed to `clear` when the vendor refused it.
    pub generation: u64,
}

#[derive(Clone, Debug)]
pub struct TokenSlot;

impl TokenSlot {
    pub fn read(&self, seal: &SealKey, now: Monotonic) -> Option<Token> {
        None
    }
    /// The generation that it got; others see it from now on.
    pub fn write(
        &self,
        seal: &SealKey,
        secret: &[u8],
        expires: Monotonic,
        refresh_after: Monotonic,
        now: Monotonic,
    ) -> u64 {
        0
    }
    /// Forgets the token of that generation; a newer one stays.
    pub fn clear(&self, generation: u64) {}
}

impl Segment {
    pub fn open(dir: &Path) -> Result<Self, SegmentError> {
        Ok(Self)
    }
    pub fn in_process() -> Self {
        Self
    }
    pub fn anonymous() -> Self {
        Self
    }
    pub fn connection(&self, namespace: &str, name: &str) -> Connection {
        Connection
    }
    pub fn connections(&self) -> Vec<(String, String, Connection)> {
        Vec::new()
    }
    pub fn lease(&self, key: &[u8; 32], ttl: Duration, now: Monotonic) -> Option<Lease> {
        Some(Lease)
    }
    pub fn held_by_other(&self, key: &[u8; 32], now: Monotonic) -> bool {
        false
    }
    pub fn token_slot(&self, key: &[u8; 32]) -> TokenSlot {
        TokenSlot
    }
    pub fn status(&self) -> SegmentStatus {
        SegmentStatus {
            kind: Kind::Process,
            path: None,
            refused: None,
            layout: 1,
            connections: 0,
            capacity: 256,
            overflowed: 0,
        }
    }
}

impl Connection {
    pub fn breaker_admit(
        &self,
        options: &breaker::Options,
        now: Monotonic,
    ) -> Result<breaker::Permit, breaker::Open> {
        Ok(breaker::Permit {
            epoch: 0,
            probe: None,
        })
    }
    pub fn breaker_record(
        &self,
        options: &breaker::Options,
        permit: breaker::Permit,
        outcome: breaker::Outcome,
        now: Monotonic,
    ) {
    }
    pub fn breaker_state(&self, options: &breaker::Options, now: Monotonic) -> breaker::State {
        breaker::State::Closed
    }
    pub fn budget_deposit(&self, options: &budget::Options, now: Monotonic) {}
    pub fn budget_withdraw(&self, options: &budget::Options, now: Monotonic) -> bool {
        true
    }
    pub fn hold_until(&self, until: Monotonic) {}
    pub fn held(&self, now: Monotonic) -> Option<Duration> {
        None
    }
    pub fn set_paused(&self, is_paused: bool) {}
    pub fn last_known_paused(&self) -> bool {
        false
    }
    pub fn count(&self, counter: Counter, by: u64) {}
    pub fn counter(&self, counter: Counter) -> u64 {
        0
    }
    pub fn note_success(&self, now: Monotonic) {}
    pub fn last_success(&self) -> Option<Monotonic> {
        None
    }
}
