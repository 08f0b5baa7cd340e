//! `zstd` (RFC 8878), by the crate ruzstd.
//!
//! The crate pulls its input; here the bytes arrive. So this reads as much of the format as it
//! takes to know where a frame's header and a block end, and hands over one of them at a time: a
//! block of four bytes can stand for 128 KiB, and the caps look after each. Windows beyond 8 MiB
//! are refused (RFC 9659), dictionaries are not known.

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::capped::Capped;
use super::{Caps, DecodeError, Stage};

const ZSTD: &str = "zstd";
/// RFC 9659 section 3.
const MAX_WINDOW_BYTES: u64 = 8 << 20;
/// RFC 8878 section 3.1.1.2.4.
const MAX_BLOCK_BYTES: usize = 128 << 10;
const MAGIC_BYTES: usize = 4;
const BLOCK_HEADER_BYTES: usize = 3;
const CHECKSUM_BYTES: usize = 4;

/// What comes next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// A frame, of zstd's or one to be skipped; here the content may end.
    Frame,
    /// So many bytes of a frame to be skipped.
    Skip(usize),
    /// A block of a frame, with a checksum behind the last one or not.
    Block { has_checksum: bool },
}

/// The state of one stream.
pub(super) struct Zstd {
    decoder: FrameDecoder,
    next: Next,
    pending: Vec<u8>,
    out: Capped,
}

impl Zstd {
    pub(super) fn new(caps: Caps) -> Self {
        let mut decoder = FrameDecoder::new();
        decoder.set_max_window_size(MAX_WINDOW_BYTES);
        Self {
            decoder,
            next: Next::Frame,
            pending: Vec::new(),
            out: Capped::new(caps, ZSTD),
        }
    }

    /// Takes what is complete at the front of the pending bytes; `false` when more are needed.
    fn step(&mut self) -> Result<bool, DecodeError> {
        let taken = match self.next {
            Next::Frame => self.frame()?,
            Next::Skip(bytes) => self.skip(bytes),
            Next::Block { has_checksum } => self.block(has_checksum)?,
        };
        self.pending.drain(..taken.min(self.pending.len()));
        Ok(taken > 0)
    }

    fn frame(&mut self) -> Result<usize, DecodeError> {
        let Some((magic, rest)) = self.pending.split_first_chunk::<MAGIC_BYTES>() else {
            return Ok(0);
        };
        // RFC 8878 section 3.1.2: sixteen magic numbers mark frames to be skipped.
        if u32::from_le_bytes(*magic) & 0xffff_fff0 == 0x184d_2a50 {
            let Some(length) = rest.first_chunk::<4>() else {
                return Ok(0);
            };
            self.next = Next::Skip(u32::from_le_bytes(*length) as usize);
            return Ok(MAGIC_BYTES + 4);
        }
        let Some(descriptor) = rest.first().copied() else {
            return Ok(0);
        };
        let length = MAGIC_BYTES + header_bytes(descriptor);
        let Some(header) = self.pending.get(..length) else {
            return Ok(0);
        };
        self.decoder.init(header).map_err(|error| corrupt(&error))?;
        self.next = Next::Block {
            has_checksum: descriptor & 0b100 != 0,
        };
        Ok(length)
    }

    fn skip(&mut self, bytes: usize) -> usize {
        let taken = bytes.min(self.pending.len());
        self.next = match bytes - taken {
            0 => Next::Frame,
            left => Next::Skip(left),
        };
        taken
    }

    fn block(&mut self, has_checksum: bool) -> Result<usize, DecodeError> {
        let Some((header, _)) = self.pending.split_first_chunk::<BLOCK_HEADER_BYTES>() else {
            return Ok(0);
        };
        let [low, middle, high] = *header;
        let header = u32::from_le_bytes([low, middle, high, 0]);
        let is_last = header & 1 == 1;
        // RFC 8878 section 3.1.1.2: type 1 repeats one byte.
        let content = match (header >> 1) & 0b11 {
            1 => 1,
            _ => (header >> 3) as usize,
        };
        if content > MAX_BLOCK_BYTES {
            return Err(corrupt(&"a block is too large"));
        }
        let checksum = if is_last && has_checksum {
            CHECKSUM_BYTES
        } else {
            0
        };
        let length = BLOCK_HEADER_BYTES + content + checksum;
        let Some(block) = self.pending.get(..length) else {
            return Ok(0);
        };
        self.decoder
            .decode_blocks(block, BlockDecodingStrategy::UptoBlocks(1))
            .map_err(|error| corrupt(&error))?;
        let collected = self.decoder.collect_to_writer(&mut self.out);
        collected.map_err(|error| self.out.why(&error))?;
        if is_last {
            self.check_sum()?;
            self.next = Next::Frame;
        }
        Ok(length)
    }

    fn check_sum(&self) -> Result<(), DecodeError> {
        let sent = self.decoder.get_checksum_from_data();
        if sent.is_none() || sent == self.decoder.get_calculated_checksum() {
            Ok(())
        } else {
            Err(corrupt(&"the checksum differs"))
        }
    }
}

impl Stage for Zstd {
    fn push(&mut self, piece: &[u8]) -> Result<(), DecodeError> {
        self.pending.extend_from_slice(piece);
        while self.step()? {}
        Ok(())
    }

    fn finish(&mut self) -> Result<(), DecodeError> {
        if matches!(self.next, Next::Frame) && self.pending.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Truncated { coding: ZSTD })
        }
    }

    fn out(&mut self) -> &mut Capped {
        &mut self.out
    }
}

/// Bytes of a frame's header behind the magic number (RFC 8878 section 3.1.1.1).
fn header_bytes(descriptor: u8) -> usize {
    let is_single_segment = descriptor & 0b10_0000 != 0;
    let dictionary_id = match descriptor & 0b11 {
        0 => 0,
        1 => 1,
        2 => 2,
        _ => 4,
    };
    let content_size = match descriptor >> 6 {
        0 => usize::from(is_single_segment),
        1 => 2,
        2 => 4,
        _ => 8,
    };
    1 + usize::from(!is_single_segment) + dictionary_id + content_size
}

fn corrupt(cause: &dyn std::fmt::Display) -> DecodeError {
    DecodeError::Corrupt {
        coding: ZSTD,
        cause: cause.to_string(),
    }
}
