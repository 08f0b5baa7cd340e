//! Where decoded bytes go, up to the caps.
//!
//! A decoder writes into it as into any writer; the first byte beyond a cap is refused, and the
//! refusal's reason is kept for who asks why the decoder failed.

use std::io::{self, Write};

use super::{Caps, DecodeError, RATIO_FREE_BYTES};

/// Decoded bytes that wait to be taken, and the count of all.
#[derive(Clone, Debug)]
pub(super) struct Capped {
    caps: Caps,
    coding: &'static str,
    encoded_bytes: u64,
    decoded_bytes: u64,
    waiting: Vec<u8>,
    refusal: Option<DecodeError>,
}

impl Capped {
    pub(super) fn new(caps: Caps, coding: &'static str) -> Self {
        Self {
            caps,
            coding,
            encoded_bytes: 0,
            decoded_bytes: 0,
            waiting: Vec::new(),
            refusal: None,
        }
    }

    /// Counts what goes in.
    pub(super) fn encoded(&mut self, bytes: usize) {
        self.encoded_bytes = self.encoded_bytes.saturating_add(bytes as u64);
    }

    /// What was decoded since the last time.
    pub(super) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.waiting)
    }

    /// Takes decoded bytes in.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let decoded_bytes = self.decoded_bytes.saturating_add(bytes.len() as u64);
        self.check(decoded_bytes)?;
        self.decoded_bytes = decoded_bytes;
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    fn check(&self, decoded_bytes: u64) -> Result<(), DecodeError> {
        if decoded_bytes > self.caps.size_bytes {
            return Err(DecodeError::TooLarge {
                cap_bytes: self.caps.size_bytes,
            });
        }
        let at_most = self.encoded_bytes.saturating_mul(self.caps.ratio.into());
        if decoded_bytes > at_most.max(RATIO_FREE_BYTES) {
            return Err(DecodeError::TooDense {
                coding: self.coding,
                ratio: self.caps.ratio,
            });
        }
        Ok(())
    }

    /// Why a decoder that writes here failed: a cap, or its own cause.
    pub(super) fn why(&mut self, error: &io::Error) -> DecodeError {
        if let Some(refusal) = self.refusal.take() {
            return refusal;
        }
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return DecodeError::Truncated {
                coding: self.coding,
            };
        }
        DecodeError::Corrupt {
            coding: self.coding,
            cause: error.to_string(),
        }
    }
}

impl Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.put(bytes) {
            Ok(()) => Ok(bytes.len()),
            Err(refusal) => {
                self.refusal = Some(refusal);
                Err(io::Error::other("a cap is exceeded"))
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
