//! A local file that takes an answer's content without PHP, for calls in the background.
//!
//! It is made with the first byte, or at the end of a content without bytes. What stays incomplete
//! is removed, also when it is dropped: what lies under the name is whole.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

/// A file that is being written, or will be.
#[derive(Debug)]
pub(super) struct FileSink {
    path: PathBuf,
    file: Option<File>,
    written_bytes: u64,
}

impl FileSink {
    /// A sink of this name; nothing is made yet.
    pub(super) fn new(path: PathBuf) -> Self {
        Self {
            path,
            file: None,
            written_bytes: 0,
        }
    }

    /// Writes all of a piece.
    ///
    /// # Errors
    /// Why it cannot be written; the call ends with it.
    pub(super) fn write(&mut self, piece: &[u8]) -> Result<(), String> {
        let written = self.open().and_then(|file| file.write_all(piece));
        written.map_err(|error| format!("the sink cannot be written: {error}"))?;
        self.written_bytes = self.written_bytes.saturating_add(piece.len() as u64);
        Ok(())
    }

    /// Ends it well; the bytes that were written.
    ///
    /// # Errors
    /// When not even an empty file can be made.
    pub(super) fn close(mut self) -> Result<u64, String> {
        let opened = self.open().map(|_| ());
        opened.map_err(|error| format!("the sink cannot be written: {error}"))?;
        self.file = None;
        Ok(self.written_bytes)
    }

    fn open(&mut self) -> std::io::Result<&mut File> {
        match &mut self.file {
            Some(file) => Ok(file),
            none => Ok(none.insert(File::create(&self.path)?)),
        }
    }
}

impl Drop for FileSink {
    fn drop(&mut self) {
        if self.file.take().is_some() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
