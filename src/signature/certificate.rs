//! The RSA key in a certificate that a vendor's delivery names.
//!
//! Trust does not come from the certificate: it was fetched over TLS from a host that its scheme
//! pins, so chain, name and dates are not looked at (deliveries are verified after the certificate
//! has run out, too). Only the way to the key is read, of RFC 5280 section 4.1, strictly: definite
//! lengths, the algorithm rsaEncryption with NULL.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::der::{BIT_STRING, CONTEXT_0, INTEGER, RSA_ENCRYPTION, SEQUENCE, element};

/// Gets the bytes at an address that a scheme has pinned, over TLS; says why where it cannot.
pub type FetchPem<'f> = &'f dyn Fn(&str) -> Result<Vec<u8>, String>;

/// The longest certificate that is read, in bytes of PEM.
const MAX_PEM_BYTES: usize = 64 * 1024;

/// The RSAPublicKey (RFC 8017) in the first certificate of a PEM.
pub(crate) fn rsa_key(pem: &[u8]) -> Option<Vec<u8>> {
    if pem.len() > MAX_PEM_BYTES {
        return None;
    }
    let certificate = CertificateDer::from_pem_slice(pem).ok()?;
    let (body, _) = element(SEQUENCE, &certificate)?;
    let (signed, _) = element(SEQUENCE, body)?;
    let rest = element(CONTEXT_0, signed).map_or(signed, |(_, rest)| rest);
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

#[cfg(test)]
mod tests {
    use super::*;

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
