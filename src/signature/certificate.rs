//! The RSA key in a certificate that a vendor's delivery names.
//!
//! Trust does not come from the certificate: it was fetched over TLS from a host that its scheme
//! pins, so chain, name and dates are not looked at (deliveries are verified after the certificate
//! has run out, too). Only the way to the key is read, of RFC 5280 section 4.1, strictly: definite
//! lengths, the algorithm rsaEncryption with NULL.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// Gets the bytes at an address that a scheme has pinned, over TLS; says why where it cannot.
pub type FetchPem<'f> = &'f dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The longest certificate that is read, in bytes of PEM.
const MAX_PEM_BYTES: usize = 64 * 1024;

const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
/// 1.2.840.113549.1.1.1 with NULL.
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";

/// The RSAPublicKey (RFC 8017) in the first certificate of a PEM.
pub(crate) fn rsa_key(pem: &[u8]) -> Option<Vec<u8>> {
    if pem.len() > MAX_PEM_BYTES {
        return None;
    }
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let (body, _) = element(SEQUENCE, &certificate)?;
    let (signed, _) = element(SEQUENCE, body)?;
    let rest = element(VERSION, signed).map_or(signed, |(_, rest)| rest);
    let (_, mut rest) = element(INTEGER, rest)?;
    // Signature algorithm, issuer, validity, subject.
    for _ in 0..4 {
        (_, rest) = element(SEQUENCE, rest)?;
    }
    let (key_info, _) = element(SEQUENCE, rest)?;
    let (algorithm, bits) = element(SEQUENCE, key_info)?;
    let (bits, _) = element(BIT_STRING, bits)?;
    let key = bits.strip_prefix(b"\0")?;
    (algorithm == RSA_ENCRYPTION).then(|| key.to_vec())
}

/// The content of a DER element of this tag, and what follows it.
fn element(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
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
    }

    #[test]
    fn what_is_no_certificate_of_an_rsa_key_gives_no_key() {
        let pem = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        for bad in [
            String::new(),
            "x".repeat(MAX_PEM_BYTES + 1),
            pem("MAA="),
            pem("MAMwAQU="),
        ] {
            assert_eq!(rsa_key(bad.as_bytes()), None);
        }
    }
}
