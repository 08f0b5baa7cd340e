//! What an operator is told about the segment: where it is, why not somewhere better, how full.

use std::path::PathBuf;

/// What the memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file: all processes of the user on this host share it.
    File,
    /// A mapping without a name: processes forked from one share it.
    Anonymous,
    /// This process alone.
    Process,
}

impl Kind {
    /// `file`, `anonymous` or `process`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Anonymous => "anonymous",
            Self::Process => "process",
        }
    }
}

/// What an operator is told about the segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentStatus {
    /// What the memory is.
    pub kind: Kind,
    /// The file, where it is one.
    pub path: Option<PathBuf>,
    /// Why it is not a better kind, where that was tried.
    pub refused: Option<String>,
    /// The layout version.
    pub layout: u32,
    /// Connections that have a slot.
    pub connections: usize,
    /// Slots there are.
    pub capacity: usize,
    /// Connections, leases and tokens that found no place, by all processes together.
    pub overflowed: u64,
}
