//! `gzip` and `deflate`, by the crate flate2.
//!
//! `deflate` means the zlib format (RFC 9110 section 8.4.1.2); some servers send the bare stream
//! of RFC 1951 under that name. The two are told apart by zlib's first two bytes, whose value as
//! one number is a multiple of 31.

use std::io::Write;

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::capped::Capped;
use super::{Caps, DecodeError, Stage};

const GZIP: &str = "gzip";
const DEFLATE: &str = "deflate";

/// `gzip`, of one member or several.
pub(super) struct Gzip {
    decoder: MultiGzDecoder<Capped>,
}

impl Gzip {
    pub(super) fn new(caps: Caps) -> Self {
        Self {
            decoder: MultiGzDecoder::new(Capped::new(caps, GZIP)),
        }
    }
}

impl Stage for Gzip {
    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let written = self.decoder.write_all(piece);
        written.map_err(|error| self.out().why(&error))
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        let finished = self.decoder.try_finish();
        finished.map_err(|error| self.out().why(&error))
    }

    fn out(&mut self) -> &mut Capped {
        self.decoder.get_mut()
    }
}

/// `deflate` of either kind.
pub(super) enum Deflate {
    /// Too few bytes yet to tell.
    Unknown(Vec<u8>, Capped),
    /// RFC 1950.
    Zlib(ZlibDecoder<Capped>),
    /// RFC 1951.
    Bare(DeflateDecoder<Capped>),
}

impl Deflate {
    pub(super) fn new(caps: Caps) -> Self {
        Self::Unknown(Vec::new(), Capped::new(caps, DEFLATE))
    }

    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self {
            Self::Unknown(head, _) => {
                head.extend_from_slice(bytes);
                Ok(())
            }
            Self::Zlib(decoder) => decoder.write_all(bytes),
            Self::Bare(decoder) => decoder.write_all(bytes),
        }
    }

    /// Chooses the kind as soon as two bytes are there.
    fn choose(&mut self) -> std::io::Result<()> {
        let Self::Unknown(head, out) = self else {
            return Ok(());
        };
        let [first, second, ..] = head[..] else {
            return Ok(());
        };
        let is_zlib = first & 0x0f == 8 && u16::from_be_bytes([first, second]) % 31 == 0;
        let head = std::mem::take(head);
        let out = out.clone();
        *self = if is_zlib {
            Self::Zlib(ZlibDecoder::new(out))
        } else {
            Self::Bare(DeflateDecoder::new(out))
        };
        self.write(&head)
    }
}

impl Stage for Deflate {
    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        let written = self.write(piece).and_then(|()| self.choose());
        written.map_err(|error| self.out().why(&error))
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        let finished = match self {
            Self::Unknown(..) => Err(std::io::ErrorKind::UnexpectedEof.into()),
            Self::Zlib(decoder) => decoder.try_finish(),
            Self::Bare(decoder) => decoder.try_finish(),
        };
        finished.map_err(|error| self.out().why(&error))
    }

    fn out(&mut self) -> &mut Capped {
        match self {
            Self::Unknown(_, out) => out,
            Self::Zlib(decoder) => decoder.get_mut(),
            Self::Bare(decoder) => decoder.get_mut(),
        }
    }
}
