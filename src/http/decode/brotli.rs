//! `br` (RFC 7932), by the crate brotli-decompressor.
//!
//! The large windows that the crate knows beyond the RFC are off: a window takes 16 MiB at most.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::capped::Capped;
use super::{Caps, DecodeError, Stage};

const BR: &str = "br";
/// Decoded bytes between two looks at the caps.
const STEP_BYTES: usize = 16 << 10;

/// The state of one stream.
pub(super) struct Brotli {
    state: Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>,
    step: Box<[u8]>,
    is_complete: bool,
    out: Capped,
}

impl Brotli {
    pub(super) fn new(caps: Caps) -> Self {
        let alloc = StandardAlloc::default;
        Self {
            state: Box::new(BrotliState::new_strict(alloc(), alloc(), alloc())),
            step: vec![0; STEP_BYTES].into(),
            is_complete: false,
            out: Capped::new(caps, BR),
        }
    }

    fn corrupt(cause: &str) -> DecodeError {
        DecodeError::Corrupt {
            coding: BR,
            cause: cause.to_owned(),
        }
    }
}

impl Stage for Brotli {
    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        if self.is_complete {
            return Err(Self::corrupt("bytes follow its end"));
        }
        let (mut left, mut at) = (piece.len(), 0);
        loop {
            let (mut room, mut end, mut total) = (self.step.len(), 0, 0);
            let result = BrotliDecompressStream(
                &mut left,
                &mut at,
                piece,
                &mut room,
                &mut end,
                &mut self.step,
                &mut total,
                &mut self.state,
            );
            self.out.put(self.step.get(..end).unwrap_or_default())?;
            match result {
                BrotliResult::NeedsMoreOutput => {}
                BrotliResult::NeedsMoreInput => return Ok(()),
                BrotliResult::ResultSuccess if left == 0 => {
                    self.is_complete = true;
                    return Ok(());
                }
                BrotliResult::ResultSuccess => return Err(Self::corrupt("bytes follow its end")),
                BrotliResult::ResultFailure => return Err(Self::corrupt("a damaged stream")),
            }
        }
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        if self.is_complete {
            Ok(())
        } else {
            Err(DecodeError::Truncated { coding: BR })
        }
    }

    fn out(&mut self) -> &mut Capped {
        &mut self.out
    }
}
