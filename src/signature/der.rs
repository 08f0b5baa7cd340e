//! Just enough DER (X.690) to find a key in what surrounds it: RFC 5280, 5958, 8017 and 5915.
//!
//! Strict where it matters: definite lengths within the input, no trailing bytes where the caller
//! says so. What is found is judged by ring. No state.

/// The tags that are looked for.
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const SEQUENCE: u8 = 0x30;
/// [0] and [1], explicit.
pub(crate) const CONTEXT_0: u8 = 0xa0;
pub(crate) const CONTEXT_1: u8 = 0xa1;

/// 1.2.840.113549.1.1.1 with NULL.
pub(crate) const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// 1.2.840.113549.1.1.10, without or before parameters.
pub(crate) const RSASSA_PSS: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// 1.3.101.112.
pub(crate) const ED25519: &[u8] = b"\x06\x03\x2b\x65\x70";
/// 1.2.840.10045.2.1 with 1.2.840.10045.3.1.7.
pub(crate) const P256: &[u8] =
    b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// 1.2.840.10045.2.1 with 1.3.132.0.34.
pub(crate) const P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";

/// The content of an element of this tag, and what follows it.
pub(crate) fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    if *length < 0x80 {
        return rest.split_at_checked(usize::from(*length));
    }
    let (length, rest) = rest.split_at_checked(usize::from(*length & 0x7f))?;
    if !(1..=3).contains(&length.len()) {
        return None;
    }
    let length = length.iter().fold(0, |sum, b| sum << 8 | usize::from(*b));
    rest.split_at_checked(length)
}

/// The content of an element of this tag that is all there is.
pub(crate) fn only(tag: u8, der: &[u8]) -> Option<&[u8]> {
    let (content, rest) = element(tag, der)?;
    rest.is_empty().then_some(content)
}

/// The algorithm and the key in a SubjectPublicKeyInfo.
pub(crate) fn public_key_info(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (algorithm, bits) = element(SEQUENCE, only(SEQUENCE, der)?)?;
    let key = only(BIT_STRING, bits)?.strip_prefix(b"\0")?;
    Some((algorithm, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_beyond_the_input_give_nothing() {
        assert_eq!(element(2, b"\x02\x01\x05\x06"), Some((&[5][..], &[6][..])));
        assert_eq!(element(2, b"\x02\x81\x01\x05"), Some((&[5][..], &[][..])));
        for bad in [
            &b""[..],
            b"\x02",
            b"\x03\x01\x05",
            b"\x02\x02\x05",
            b"\x02\x80\x05",
            b"\x02\x84\0\0\0\x01\x05",
            b"\x02\x83\xff\xff\xff",
        ] {
            assert_eq!(element(2, bad), None, "{bad:?}");
        }
        assert_eq!(only(2, b"\x02\x01\x05\x06"), None);
    }
}
