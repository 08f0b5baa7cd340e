//! Digest fields (RFC 9530): is this content what `Content-Digest` or `Repr-Digest` says?
//!
//! The value is a dictionary (RFC 9651) of byte sequences. sha-256 and sha-512 count, and each that
//! is there must match; md5, sha, unixsum and the like prove nothing and are passed over, so that
//! a value of these alone is unverifiable. `Content-Digest` is of the content as it was sent, a part
//! or an encoding as it may be; `Repr-Digest` is of the whole representation, which the content of
//! a 206 or 304, or of an answer without content, is not. Both are of the encoded bytes: check
//! before decompression. No state.

use constant_time_eq::constant_time_eq;
use ring::digest::{Algorithm, SHA256, SHA512, digest};
use sfv::{BareItem, DictSerializer, Dictionary, KeyRef, ListEntry, Parser};

/// The longest value that is read, in bytes.
const MAX_VALUE_BYTES: usize = 8 * 1024;

/// The algorithms that count, by their names in the registry.
const ACTIVE: [(&str, &Algorithm); 2] = [("sha-256", &SHA256), ("sha-512", &SHA512)];

/// The two fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestField {
    /// `Content-Digest`.
    Content,
    /// `Repr-Digest`.
    Representation,
}

impl DigestField {
    /// The field of this name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        match name.to_ascii_lowercase().as_str() {
            "content-digest" => Some(Self::Content),
            "repr-digest" => Some(Self::Representation),
            _ => None,
        }
    }

    /// Whether the content of an answer with this status is what the field is of.
    fn covers(self, status: u16) -> bool {
        match self {
            Self::Content => true,
            Self::Representation => !matches!(status, 100..=199 | 204..=206 | 304),
        }
    }
}

/// What a digest field says about some content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestVerdict {
    /// Every digest that counts is of this content, and there is one.
    Match,
    /// One that counts is not.
    Mismatch,
    /// The value is no dictionary of byte sequences.
    Malformed,
    /// There is none that counts.
    Unverifiable,
    /// The content is not what the field is of.
    NotCheckable,
}

impl DigestVerdict {
    /// The verdict as a word that programs can read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Malformed => "malformed",
            Self::Unverifiable => "unverifiable",
            Self::NotCheckable => "not-checkable",
        }
    }
}

/// Checks the value of a digest field against the content of a message; `status` is 200 for a
/// request.
pub fn check(field: DigestField, value: &[u8], content: &[u8], status: u16) -> DigestVerdict {
    if value.len() > MAX_VALUE_BYTES {
        return DigestVerdict::Malformed;
    }
    let Ok(members) = Parser::new(value).parse::<Dictionary>() else {
        return DigestVerdict::Malformed;
    };
    let mut verdict = DigestVerdict::Unverifiable;
    for (name, member) in &members {
        let ListEntry::Item(item) = member else {
            return DigestVerdict::Malformed;
        };
        let BareItem::ByteSequence(bytes) = &item.bare_item else {
            return DigestVerdict::Malformed;
        };
        let known = ACTIVE.iter().find(|(known, _)| *known == name.as_str());
        let is_match = |algorithm| constant_time_eq(digest(algorithm, content).as_ref(), bytes);
        verdict = match known {
            None => verdict,
            Some(_) if !field.covers(status) => DigestVerdict::NotCheckable,
            Some((_, algorithm)) if verdict != DigestVerdict::Mismatch && is_match(algorithm) => {
                DigestVerdict::Match
            }
            Some(_) => DigestVerdict::Mismatch,
        };
    }
    verdict
}

/// The value of a digest field for this content, of the named algorithms (`sha-256`, `sha-512`);
/// `None` for any other name, and for none at all.
pub fn value_of(content: &[u8], algorithms: &[&str]) -> Option<String> {
    let mut members = DictSerializer::new();
    for name in algorithms {
        let (name, algorithm) = ACTIVE.iter().find(|(known, _)| known == name)?;
        let bytes = digest(algorithm, content);
        let _ = members.bare_item(KeyRef::from_str(name).ok()?, bytes.as_ref());
    }
    members.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"hello": "world"}"#;
    const SHA_256: &str = "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:";

    fn content(value: &str) -> DigestVerdict {
        check(DigestField::Content, value.as_bytes(), BODY, 200)
    }

    #[test]
    fn every_digest_that_counts_must_match() {
        let both = value_of(BODY, &["sha-256", "sha-512"]).unwrap();
        let wrong = format!("{both}, sha-256=:AAAA:");
        for (value, expected) in [
            (SHA_256, DigestVerdict::Match),
            (both.as_str(), DigestVerdict::Match),
            // The last of two of one name counts, as in every dictionary.
            (wrong.as_str(), DigestVerdict::Mismatch),
            ("sha-256=:AAAA:", DigestVerdict::Mismatch),
            ("sha-256=::", DigestVerdict::Mismatch),
            ("md5=:AAAA:, crc32c=:AAAAAA==:", DigestVerdict::Unverifiable),
            ("", DigestVerdict::Unverifiable),
            ("sha-256", DigestVerdict::Malformed),
            ("sha-256=(:AAAA:)", DigestVerdict::Malformed),
            ("sha-256=\"AAAA\"", DigestVerdict::Malformed),
            ("SHA-256=:AAAA:", DigestVerdict::Malformed),
            ("sha-256=:AAAA====:", DigestVerdict::Malformed),
            ("sha-256=:AAAA:,", DigestVerdict::Malformed),
        ] {
            assert_eq!(content(value), expected, "{value}");
        }
        let mixed = format!("sha-512=:AAAA:, {SHA_256}, md5=:AAAA:");
        assert_eq!(content(&mixed), DigestVerdict::Mismatch);
        let with_parameter = format!("{SHA_256};q=1, md5=:AAAA:");
        assert_eq!(content(&with_parameter), DigestVerdict::Match);
        let long = format!("{SHA_256}{}", " ".repeat(MAX_VALUE_BYTES));
        assert_eq!(content(&long), DigestVerdict::Malformed);
    }

    #[test]
    fn a_representation_is_not_the_content_of_a_part() {
        let whole = |status| {
            check(
                DigestField::Representation,
                SHA_256.as_bytes(),
                BODY,
                status,
            )
        };
        for status in [200, 201, 404] {
            assert_eq!(whole(status), DigestVerdict::Match, "{status}");
        }
        for status in [204, 206, 304] {
            assert_eq!(whole(status), DigestVerdict::NotCheckable, "{status}");
        }
        let part = check(DigestField::Content, SHA_256.as_bytes(), BODY, 206);
        assert_eq!(part, DigestVerdict::Match);
    }

    #[test]
    fn a_value_is_made_of_algorithms_that_count_alone() {
        assert_eq!(value_of(BODY, &["sha-256"]).as_deref(), Some(SHA_256));
        assert_eq!(value_of(BODY, &["md5"]), None);
        assert_eq!(value_of(BODY, &[]), None);
        assert_eq!(
            DigestField::named("Content-Digest"),
            Some(DigestField::Content)
        );
        assert_eq!(
            DigestField::named("repr-digest"),
            Some(DigestField::Representation)
        );
        assert_eq!(DigestField::named("digest"), None);
    }
}
