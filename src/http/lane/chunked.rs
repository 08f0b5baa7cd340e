//! The chunked coding, read strictly: RFC 9112, section 7.1.
//!
//! Lines end with CR LF and nothing else; a size has at least one digit and fits 64 bits; what
//! extensions and trailers may add up to is bounded, and both are dropped.

/// Extensions and trailers together, for a whole content.
const MAX_EXTRA_BYTES: usize = 16 * 1024;

/// Where in the coding the reader stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// In a chunk's size, of which so many digits came.
    Size {
        size: u64,
        digits: u8,
    },
    /// In the extensions behind a size.
    Extension {
        size: u64,
    },
    /// Before the LF of a size's line.
    SizeEnd {
        size: u64,
    },
    /// In a chunk, with so many bytes to come.
    Data {
        left: u64,
    },
    /// Before the CR, then the LF, behind a chunk.
    DataCr,
    DataLf,
    /// At the start of a trailer's line.
    Trailer,
    /// In a trailer's line.
    TrailerLine,
    /// Before the LF of a trailer's line.
    TrailerLf,
    /// Before the LF of the last, empty line.
    LastLf,
    /// Behind the end.
    Done,
}

/// A reader of the coding.
#[derive(Clone, Debug)]
pub(super) struct Chunked {
    at: At,
    extra_bytes: usize,
}

/// What a step found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This many bytes of the input are content, behind as many that are not.
    Data { skip: usize, length: usize },
    /// The input is used up and holds no more content.
    More,
    /// The content ends behind so many bytes.
    End { length: usize },
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            at: At::Size { size: 0, digits: 0 },
            extra_bytes: 0,
        }
    }

    /// Reads up to the next piece of content.
    ///
    /// # Errors
    /// What is not as the coding demands.
    pub(super) fn step(&mut self, input: &[u8]) -> Result<Step, &'static str> {
        for (position, byte) in input.iter().enumerate() {
            if let At::Data { left } = self.at {
                let rest = input.len().saturating_sub(position);
                let length = usize::try_from(left).map_or(rest, |left| left.min(rest));
                let left = left.saturating_sub(length as u64);
                self.at = if left == 0 {
                    At::DataCr
                } else {
                    At::Data { left }
                };
                return Ok(Step::Data {
                    skip: position,
                    length,
                });
            }
            self.at = self.next(*byte)?;
            if self.at == At::Done {
                let length = position.saturating_add(1);
                return Ok(Step::End { length });
            }
        }
        Ok(Step::More)
    }

    fn next(&mut self, byte: u8) -> Result<At, &'static str> {
        Ok(match (self.at, byte) {
            (At::Size { size, digits }, _) if byte.is_ascii_hexdigit() => At::Size {
                size: with_digit(size, byte).ok_or("a chunk's size is too large")?,
                digits: digits.saturating_add(1),
            },
            (At::Size { digits: 0, .. }, _) => return Err("a chunk has no size"),
            (At::Size { size, .. } | At::Extension { size }, b'\r') => At::SizeEnd { size },
            (At::Size { size, .. }, b';' | b' ' | b'\t') => At::Extension { size },
            (At::Extension { size }, 0x20.. | b'\t') => {
                self.count()?;
                At::Extension { size }
            }
            (At::SizeEnd { size: 0 }, b'\n') => At::Trailer,
            (At::SizeEnd { size }, b'\n') => At::Data { left: size },
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => At::Size { size: 0, digits: 0 },
            (At::Trailer, b'\r') => At::LastLf,
            (At::TrailerLine, b'\r') => At::TrailerLf,
            (At::Trailer | At::TrailerLine, 0x20.. | b'\t') => {
                self.count()?;
                At::TrailerLine
            }
            (At::TrailerLf, b'\n') => At::Trailer,
            (At::LastLf, b'\n') => At::Done,
            (
                At::Size { .. }
                | At::Extension { .. }
                | At::SizeEnd { .. }
                | At::Data { .. }
                | At::DataCr
                | At::DataLf
                | At::Trailer
                | At::TrailerLine
                | At::TrailerLf
                | At::LastLf
                | At::Done,
                _,
            ) => return Err("a chunk is not framed as it should be"),
        })
    }

    fn count(&mut self) -> Result<(), &'static str> {
        self.extra_bytes = self.extra_bytes.saturating_add(1);
        if self.extra_bytes > MAX_EXTRA_BYTES {
            return Err("its chunk extensions or trailers are too large");
        }
        Ok(())
    }
}

fn with_digit(size: u64, byte: u8) -> Option<u64> {
    let digit = char::from(byte).to_digit(16)?;
    size.checked_mul(16)?.checked_add(u64::from(digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Content, and how many bytes are left behind its end; `None` before the end.
    type Read = Result<Option<(Vec<u8>, usize)>, &'static str>;

    /// Reads input in pieces of `step` bytes.
    fn read(input: &[u8], step: usize) -> Read {
        let mut chunked = Chunked::new();
        let mut content = Vec::new();
        let mut at = 0;
        for piece in input.chunks(step) {
            let mut rest = piece;
            loop {
                match chunked.step(rest)? {
                    Step::Data { skip, length } => {
                        content.extend_from_slice(&rest[skip..skip + length]);
                        rest = &rest[skip + length..];
                    }
                    Step::More => break,
                    Step::End { length } => {
                        let used = at + piece.len() - rest.len() + length;
                        return Ok(Some((content, input.len() - used)));
                    }
                }
            }
            at += piece.len();
        }
        Ok(None)
    }

    #[test]
    fn contents_and_refusals_whatever_the_pieces() {
        let refused = Err("a chunk is not framed as it should be");
        let whole = |text: &str, left| Ok(Some((text.as_bytes().to_vec(), left)));
        let rows: [(&str, Read); 20] = [
            ("0\r\n\r\n", whole("", 0)),
            ("5\r\nhello\r\n0\r\n\r\n", whole("hello", 0)),
            (
                "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
                whole("hello world", 0),
            ),
            ("A\r\n0123456789\r\n00\r\n\r\n", whole("0123456789", 0)),
            ("5;a=\"b\";c\r\nhello\r\n0;d\r\n\r\n", whole("hello", 0)),
            ("5 \r\nhello\r\n0\r\n\r\n", whole("hello", 0)),
            (
                "1\r\nx\r\n0\r\nExpires: never\r\nB: c\r\n\r\n",
                whole("x", 0),
            ),
            ("1\r\nx\r\n0\r\n\r\nHTTP", whole("x", 4)),
            ("5\r\nhel", Ok(None)),
            ("5\r\nhello\r\n0\r\n", Ok(None)),
            ("\r\n", Err("a chunk has no size")),
            ("x\r\n", Err("a chunk has no size")),
            ("-1\r\n", Err("a chunk has no size")),
            ("10000000000000000\r\n", Err("a chunk's size is too large")),
            ("5\nhello\r\n0\r\n\r\n", refused.clone()),
            ("5\r\nhelloX\r\n", refused.clone()),
            ("5\r\nhello\n0\r\n\r\n", refused.clone()),
            ("0x5\r\nhello", refused.clone()),
            ("0\r\nA: b\n\r\n", refused.clone()),
            ("0\r\nA\u{1}: b\r\n\r\n", refused.clone()),
        ];
        for (input, expected) in rows {
            for step in [1, 2, 3, 7, 1000] {
                assert_eq!(
                    read(input.as_bytes(), step),
                    expected,
                    "{input:?} by {step}"
                );
            }
        }
    }

    #[test]
    fn extensions_and_trailers_are_bounded() {
        let long = "x".repeat(MAX_EXTRA_BYTES + 1);
        for input in [format!("1;{long}\r\n"), format!("0\r\n{long}\r\n\r\n")] {
            assert!(read(input.as_bytes(), 1000).is_err());
        }
    }
}
