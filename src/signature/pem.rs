//! PEM (RFC 7468): one section's label and bytes.
//!
//! Text before the first section is skipped, lines may be of any length, headers as of encrypted
//! keys are not read: such a section does not decode. No state.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The longest PEM that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024;
/// Sections of one PEM that are looked at: a chain of certificates has a few.
const MAX_SECTIONS: usize = 10;

/// The label and the bytes of the first section.
pub(crate) fn first(pem: &[u8]) -> Option<(&str, Vec<u8>)> {
    all(pem)?.into_iter().next()
}

/// Every section, in order; `None` where one does not decode or there are too many.
pub(crate) fn all(pem: &[u8]) -> Option<Vec<(&str, Vec<u8>)>> {
    if pem.len() > MAX_BYTES {
        return None;
    }
    let mut rest = std::str::from_utf8(pem).ok()?;
    let mut sections = Vec::new();
    while let Some((_, after)) = rest.split_once("-----BEGIN ") {
        let (label, after) = after.split_once("-----")?;
        let (text, after) = after.split_once("-----END ")?;
        rest = after.strip_prefix(label)?.strip_prefix("-----")?;
        let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if sections.len() >= MAX_SECTIONS {
            return None;
        }
        sections.push((label, STANDARD.decode(text).ok()?));
    }
    Some(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_read_in_their_order() {
        let pem = b"a note\n-----BEGIN A-----\nAAE=\r\n-----END A-----\n-----BEGIN B C-----\nAg==\n-----END B C-----";
        let expected = vec![("A", vec![0, 1]), ("B C", vec![2])];
        assert_eq!(all(pem), Some(expected));
        assert_eq!(first(pem), Some(("A", vec![0, 1])));
        assert_eq!(first(b"no section"), None);
    }

    #[test]
    fn what_does_not_decode_is_nothing() {
        for bad in [
            "-----BEGIN A-----\nAAE=\n",
            "-----BEGIN A-----\nAAE=\n-----END B-----",
            "-----BEGIN A-----\n%\n-----END A-----",
            "-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAAE=\n-----END A-----",
            "-----BEGIN A",
        ] {
            assert_eq!(all(bad.as_bytes()), None, "{bad}");
        }
        let many = "-----BEGIN A-----\nAAE=\n-----END A-----\n".repeat(MAX_SECTIONS + 1);
        assert_eq!(all(many.as_bytes()), None);
        assert_eq!(all(&[b'x'; MAX_BYTES + 1]), None);
    }
}
