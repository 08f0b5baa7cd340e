//! The RSA key in a certificate that a vendor's delivery names, and whether it may be trusted.
//!
//! Its way here is trusted first: it was fetched over TLS from a host that its scheme pins. Then it
//! must have been valid when the delivery was signed (deliveries are verified after a certificate
//! has run out, too), and where it came with a chain, or a `ca_file` is configured, the chain must
//! lead to a trusted root, as of the same time, by webpki. A vendor that hands out its leaf alone
//! (AWS SNS) gives no chain to check. Revocation is not looked at.
//!
//! Key and dates are read of RFC 5280 section 4.1, strictly: definite lengths, rsaEncryption.

use std::path::Path;
use std::sync::OnceLock;

use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};

use super::der::{BIT_STRING, CONTEXT_0, INTEGER, RSA_ENCRYPTION, SEQUENCE, element};
use super::pem;
use super::time::{Stamp, certificate_time_ms};
use crate::options::{Fields, OptionError};

/// Gets the bytes at an address that a scheme has pinned, over TLS; says why where it cannot.
pub type FetchPem<'f> = &'f dyn Fn(&str) -> Result<Vec<u8>, String>;

const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// Whom a scheme's certificates must lead to.
pub(crate) struct Roots {
    /// The only ones, where they are configured.
    own: Option<Vec<TrustAnchor<'static>>>,
}

impl Roots {
    /// Takes the option `ca_file`: a PEM of the only roots that are trusted. With it, a certificate
    /// without its chain is refused.
    pub(crate) fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let Some(path) = fields.text("ca_file")? else {
            return Ok(Self { own: None });
        };
        let own = roots_of(Path::new(&path));
        if own.is_empty() {
            let allowed = "a file with certificates in PEM";
            return Err(OptionError::new(
                fields.name("ca_file"),
                "no such file",
                allowed,
            ));
        }
        Ok(Self { own: Some(own) })
    }

    /// The RSAPublicKey (RFC 8017) of the first certificate of a PEM, if it may be trusted.
    ///
    /// # Errors
    /// Why it may not.
    pub(crate) fn rsa_key(
        &self,
        pem: &[u8],
        signed_at: Option<Stamp>,
    ) -> Result<Vec<u8>, &'static str> {
        let chain = chain_of(pem).ok_or("it is no PEM of certificates")?;
        let (leaf, others) = chain.split_first().ok_or("it is no PEM of certificates")?;
        let facts = Facts::of(leaf).ok_or("it holds no RSA key")?;
        let signed_at_ms = signed_at.map(Stamp::as_ms);
        if signed_at_ms.is_some_and(|at_ms| !(facts.from_ms..=facts.until_ms).contains(&at_ms)) {
            return Err("it was not valid when the delivery was signed");
        }
        match &self.own {
            Some(own) => check_chain(leaf, others, own, signed_at_ms)?,
            None if others.is_empty() => {}
            None => check_chain(leaf, others, system_roots(), signed_at_ms)?,
        }
        Ok(facts.key)
    }
}

/// What is read of a certificate.
struct Facts {
    from_ms: i64,
    until_ms: i64,
    key: Vec<u8>,
}

impl Facts {
    fn of(certificate: &[u8]) -> Option<Self> {
        let (body, _) = element(SEQUENCE, certificate)?;
        let (signed, _) = element(SEQUENCE, body)?;
        let rest = element(CONTEXT_0, signed).map_or(signed, |(_, rest)| rest);
        let (_, rest) = element(INTEGER, rest)?;
        let (_algorithm, rest) = element(SEQUENCE, rest)?;
        let (_issuer, rest) = element(SEQUENCE, rest)?;
        let (validity, rest) = element(SEQUENCE, rest)?;
        let (_subject, rest) = element(SEQUENCE, rest)?;
        let (key_info, _) = element(SEQUENCE, rest)?;
        let (algorithm, bits) = element(SEQUENCE, key_info)?;
        let (bits, _) = element(BIT_STRING, bits)?;
        let key = bits.strip_prefix(b"\0")?;
        let (from_ms, rest) = time(validity)?;
        let (until_ms, _) = time(rest)?;
        (algorithm == RSA_ENCRYPTION).then(|| Self {
            from_ms,
            // The last second belongs to it.
            until_ms: until_ms.saturating_add(999),
            key: key.to_vec(),
        })
    }
}

/// `YYMMDDHHMMSSZ`, of 1950 to 2049, or with a year of four digits.
fn time(der: &[u8]) -> Option<(i64, &[u8])> {
    if let Some((text, rest)) = element(UTC_TIME, der) {
        let century: &[u8] = if text.first() >= Some(&b'5') {
            b"19"
        } else {
            b"20"
        };
        return Some((certificate_time_ms(&[century, text].concat())?, rest));
    }
    let (text, rest) = element(GENERALIZED_TIME, der)?;
    Some((certificate_time_ms(text)?, rest))
}

fn chain_of(text: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let is_certificate = |(label, _): &(&str, Vec<u8>)| *label == "CERTIFICATE";
    let sections = pem::all(text)?.into_iter().filter(is_certificate);
    Some(sections.map(|(_, der)| CertificateDer::from(der)).collect())
}

/// Any purpose: vendors sign with certificates of web servers.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

fn check_chain(
    leaf: &CertificateDer<'_>,
    others: &[CertificateDer<'_>],
    roots: &[TrustAnchor<'_>],
    at_ms: Option<i64>,
) -> Result<(), &'static str> {
    let seconds = at_ms.and_then(|ms| u64::try_from(ms / 1000).ok());
    let seconds = seconds.ok_or("there is no time as of which its chain could be checked")?;
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let leaf = EndEntityCert::try_from(leaf).map_err(|_| "it is malformed")?;
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        roots,
        others,
        at,
        AnyPurpose,
        None,
        None,
    )
    .map(|_| ())
    .map_err(|_| "its chain leads to no trusted root")
}

fn roots_of(path: &Path) -> Vec<TrustAnchor<'static>> {
    let certificates = CertificateDer::pem_file_iter(path).into_iter().flatten();
    certificates.filter_map(|one| anchor(&one.ok()?)).collect()
}

/// The system's, parsed once in a process, when a first chain comes.
fn system_roots() -> &'static [TrustAnchor<'static>] {
    static ROOTS: OnceLock<Vec<TrustAnchor<'static>>> = OnceLock::new();
    ROOTS.get_or_init(|| {
        let found = rustls_native_certs::load_native_certs().certs;
        found.iter().filter_map(anchor).collect()
    })
}

fn anchor(certificate: &CertificateDer<'_>) -> Option<TrustAnchor<'static>> {
    let anchor = anchor_from_trusted_cert(certificate).ok()?;
    Some(anchor.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Value;

    const LEAF: &str = include_str!("testdata/certificates/leaf.pem");
    const INTERMEDIATE: &str = include_str!("testdata/certificates/intermediate.pem");
    /// The leaf is valid from 2027-01-01T00:00:00Z to 2028-01-01T00:00:00Z.
    const FROM_MS: i64 = 1_798_761_600_000;
    const UNTIL_MS: i64 = 1_830_297_600_000;

    fn roots(ca_file: Option<&str>) -> Roots {
        let path = ca_file.map(|name| {
            let path = format!(
                "{}/src/signature/testdata/certificates/{name}",
                env!("CARGO_MANIFEST_DIR")
            );
            ("ca_file", Value::from(path))
        });
        let mut fields = Fields::new(&Value::map(path)).unwrap();
        Roots::open(&mut fields).unwrap()
    }

    fn at(ms: i64) -> Option<Stamp> {
        let text = Stamp::parse_millis(ms.to_string().as_bytes());
        Some(text.unwrap())
    }

    #[test]
    fn a_certificate_counts_while_it_is_valid_both_ends_included() {
        let alone = |ms| {
            roots(None)
                .rsa_key(LEAF.as_bytes(), at(ms))
                .map(|key| key.len())
        };
        for ms in [FROM_MS, UNTIL_MS, UNTIL_MS + 999] {
            assert_eq!(alone(ms), Ok(270), "{ms}");
        }
        for ms in [FROM_MS - 1, UNTIL_MS + 1000] {
            let expected = Err("it was not valid when the delivery was signed");
            assert_eq!(alone(ms), expected, "{ms}");
        }
    }

    #[test]
    fn a_chain_that_came_must_lead_to_a_trusted_root() {
        let chain = format!("{LEAF}{INTERMEDIATE}");
        let untrusted = Err("its chain leads to no trusted root");
        for (ca_file, pem, expected) in [
            (Some("ca.pem"), chain.as_str(), Ok(270)),
            (Some("ca.pem"), LEAF, untrusted),
            (Some("intermediate.pem"), LEAF, Ok(270)),
            (Some("leaf.pem"), chain.as_str(), untrusted),
            (None, chain.as_str(), untrusted),
        ] {
            let key = roots(ca_file).rsa_key(pem.as_bytes(), at(FROM_MS));
            assert_eq!(key.map(|key| key.len()), expected, "{ca_file:?}");
        }
        let swapped = LEAF.replacen("MII", "MIJ", 1);
        assert!(
            roots(Some("ca.pem"))
                .rsa_key(swapped.as_bytes(), at(FROM_MS))
                .is_err()
        );
    }

    #[test]
    fn what_is_no_certificate_of_an_rsa_key_gives_no_key() {
        let pem = |body: &str| {
            format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n")
        };
        for bad in [
            String::new(),
            "x".repeat(100_000),
            pem("MAA="),
            pem("MAMwAQU="),
            include_str!("testdata/certificates/ca.pem").to_owned(),
        ] {
            assert!(roots(None).rsa_key(bad.as_bytes(), at(FROM_MS)).is_err());
        }
    }

    #[test]
    fn a_file_without_certificates_is_no_root() {
        let path = Value::map([("ca_file", Value::from("/nonexistent/ca.pem"))]);
        let mut fields = Fields::new(&path).unwrap();
        let error = Roots::open(&mut fields).err().unwrap();
        assert_eq!(error.field, "ca_file");
    }
}
