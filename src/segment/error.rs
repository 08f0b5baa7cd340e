//! Why a segment's file was not taken. The caller falls back; the status says why.

use std::{io, path::PathBuf};

/// No segment in a file.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The operating system said no.
    #[error("cannot {action} the segment '{}': {source}", path.display())]
    Io {
        /// What was to be done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// There is a file that must not be used.
    #[error("the segment '{}' is refused: {reason}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: Refused,
    },
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A symbolic link.
    #[error("it is a symbolic link")]
    Link,
    /// A directory, a pipe, a device.
    #[error("it is not a regular file")]
    Kind,
    /// Another user's.
    #[error("it belongs to user {0}")]
    Owner(u32),
    /// Others could read or write it.
    #[error("its mode is {0:o}, not 600")]
    Mode(u32),
    /// Too short or too long.
    #[error("its size is wrong")]
    Size,
    /// Not one of ours.
    #[error("it does not begin as a segment does")]
    Magic,
    /// Another release's.
    #[error("its layout version is {0}")]
    Layout(u64),
    /// It came and went with every look.
    #[error("other processes keep replacing it")]
    Unsettled,
}
