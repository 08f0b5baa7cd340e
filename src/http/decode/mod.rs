//! Content codings (RFC 9110 section 8.4) taken off while the bytes arrive.
//!
//! What is decoded: `gzip` and `x-gzip` (RFC 1952), `deflate` (RFC 1950, and the bare RFC 1951 that
//! some servers send), `br` (RFC 7932), `zstd` (RFC 8878, window by RFC 9659), and up to
//! [`MAX_CODINGS`] of them on top of each other. An answer in a coding that is not known keeps its
//! bytes and its field.
//!
//! Two caps hold at each coding and at each piece of output, so that a bomb is stopped before its
//! content exists: one on the size, one on the ratio of decoded to encoded bytes, which counts only
//! beyond [`RATIO_FREE_BYTES`], as small texts repeat themselves a lot. An answer that ends in the
//! middle of its coding is an error and never a shortened content; one without any bytes is empty.
//!
//! Not here: who asks for codings (`target.rs`), and what a failure means to policies.

mod brotli;
mod capped;
mod deflate;
mod zstd;

use bytes::Bytes;
use http::HeaderMap;

use self::brotli::Brotli;
use self::capped::Capped;
use self::deflate::{Deflate, Gzip};
use self::zstd::Zstd;

/// What a request says it takes, best first for what servers do well.
pub const ACCEPT_ENCODING: &str = "gzip, deflate, br, zstd";
/// Codings on top of each other.
const MAX_CODINGS: usize = 3;
/// Below this size a content may have any ratio.
const RATIO_FREE_BYTES: u64 = 1 << 20;
/// Encoded bytes that go in at a time: bounds what comes out at a time.
const PIECE_BYTES: usize = 512;
/// When so much is decoded, it is handed out before more goes in.
const ENOUGH_BYTES: usize = 64 << 10;

/// How much may come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Largest decoded content.
    pub size_bytes: u64,
    /// Largest ratio of decoded to encoded bytes.
    pub ratio: u32,
}

/// Why a content cannot be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The bytes are no such coding.
    #[error("the body is no valid {coding}: {cause}")]
    Corrupt {
        /// The coding.
        coding: &'static str,
        /// What its decoder says.
        cause: String,
    },
    /// The content ended early.
    #[error("the body ends in the middle of its {coding}")]
    Truncated {
        /// The coding.
        coding: &'static str,
    },
    /// Larger than allowed.
    #[error("the decoded body is larger than {cap_bytes} bytes")]
    TooLarge {
        /// The cap.
        cap_bytes: u64,
    },
    /// Grows more than allowed.
    #[error("the decoded body is more than {ratio} times as large as its {coding}")]
    TooDense {
        /// The coding.
        coding: &'static str,
        /// The cap.
        ratio: u32,
    },
}

/// One coding's state.
trait Stage: Send {
    /// Takes a piece; what comes out goes through the caps.
    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError>;

    /// After the last piece: whatever is still inside, and whether the coding was complete.
    fn finish(&mut self) -> Result<(), DecodeError>;

    /// Where the decoded bytes are.
    fn out(&mut self) -> &mut Capped;
}

/// Takes the codings of one answer off.
pub struct Decoder {
    /// The outermost coding first.
    layers: Vec<Box<dyn Stage>>,
    has_input: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Decoder of {} codings", self.layers.len())
    }
}

impl Decoder {
    /// For the codings that these fields name; `None` when there is nothing to take off, or
    /// something that is not known.
    pub fn for_fields(fields: &HeaderMap, caps: Caps) -> Option<Self> {
        let mut layers = Vec::new();
        for value in fields.get_all(http::header::CONTENT_ENCODING) {
            for name in value.to_str().ok()?.split(',') {
                let name = name.trim();
                if name.is_empty() || name.eq_ignore_ascii_case("identity") {
                    continue;
                }
                layers.push(stage_of(name, caps)?);
            }
        }
        if layers.is_empty() || layers.len() > MAX_CODINGS {
            return None;
        }
        // Fields name the codings in the order in which they were put on.
        layers.reverse();
        Some(Self {
            layers,
            has_input: false,
        })
    }

    /// Decodes from the front of `input` until it is used up or enough came out; call it again
    /// while anything is left.
    ///
    /// # Errors
    /// When the bytes are no such coding, or a cap is exceeded.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Bytes, DecodeError> {
        let mut decoded = Vec::new();
        while !input.is_empty() && decoded.len() < ENOUGH_BYTES {
            let piece = input.split_to(input.len().min(PIECE_BYTES));
            self.has_input = true;
            decoded.extend_from_slice(&through(&mut self.layers, piece.to_vec())?);
        }
        Ok(decoded.into())
    }

    /// After the last byte: what was still inside.
    ///
    /// # Errors
    /// When a coding is not complete, or a cap is exceeded.
    pub fn finish(&mut self) -> Result<Bytes, DecodeError> {
        let mut decoded = Vec::new();
        let mut layers = self.layers.as_mut_slice();
        if !self.has_input {
            return Ok(Bytes::new());
        }
        while let Some((outer, inner)) = layers.split_first_mut() {
            outer.finish()?;
            decoded.extend_from_slice(&through(inner, outer.out().take())?);
            layers = inner;
        }
        Ok(decoded.into())
    }
}

/// Runs bytes through all layers from the outermost.
fn through(layers: &mut [Box<dyn Stage>], mut bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
    for layer in layers {
        for piece in bytes.chunks(PIECE_BYTES) {
            layer.out().encoded(piece.len());
            layer.push(piece)?;
        }
        bytes = layer.out().take();
    }
    Ok(bytes)
}

fn stage_of(name: &str, caps: Caps) -> Option<Box<dyn Stage>> {
    // RFC 9110 section 8.4.1: names are compared without case; x-gzip is gzip.
    Some(match name.to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => Box::new(Gzip::new(caps)),
        "deflate" => Box::new(Deflate::new(caps)),
        "br" => Box::new(Brotli::new(caps)),
        "zstd" => Box::new(Zstd::new(caps)),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
