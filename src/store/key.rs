//! Keys: 32 bytes, written as 64 hex digits.
//!
//! A key is a hash of its parts, so that a long id is never truncated, case and trailing spaces
//! always count, and a database's collation has nothing to decide. The parts are hashed with
//! their lengths in front: `("a", "bc")` and `("ab", "c")` are different keys.

use std::fmt;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// The name of a record within its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key([u8; 32]);

impl Key {
    /// The last of all keys in their order: what comes behind it at some time is later.
    pub const LAST: Self = Self([0xff; 32]);

    /// The key of a thing that these parts name, in this order.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }

    /// Reads 64 lower-case hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 64 || text.bytes().any(|b| b.is_ascii_uppercase()) {
            return None;
        }
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes))
    }

    /// The bytes, for leases in the segment.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The SHA-256 of bytes as 64 hex digits: how payloads are compared.
pub fn checksum_of(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not 64 hex digits"))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Key::of(&[b"a", b"bc"]), Key::of(&[b"ab", b"c"]));
        assert_ne!(Key::of(&[b"a"]), Key::of(&[b"a", b""]));
    }

    #[test]
    fn case_and_trailing_space_count() {
        assert_ne!(Key::of(&[b"evt"]), Key::of(&[b"EVT"]));
        assert_ne!(Key::of(&[b"evt"]), Key::of(&[b"evt "]));
    }

    #[test]
    fn text_reads_back_and_anything_else_is_refused() {
        let key = Key::of(&[b"x"]);
        assert_eq!(Key::parse(&key.to_string()), Some(key));
        assert_eq!(Key::parse(&key.to_string().to_uppercase()), None);
        assert_eq!(Key::parse("ab"), None);
        assert_eq!(Key::parse(&"g".repeat(64)), None);
    }
}
