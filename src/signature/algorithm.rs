//! The algorithms, and the keys that belong to them.
//!
//! A key knows its algorithm and so does a signature; only equal ones meet, so that no signature of
//! a weaker or another kind is ever tried under a key (no downgrade). MACs are compared in constant
//! time on decoded bytes. Public keys are pinned by the options and refused where they are not of
//! the form: Ed25519 keys of small order or with a coordinate beyond the field (with them one
//! signature holds for every message, RFC 8032 section 5.1.7 leaves it open), P-256 keys that are
//! no uncompressed point. ring checks S < L and strict DER.

use constant_time_eq::constant_time_eq;
use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::{digest, signature};
use sha2::Sha256;
use smallvec::SmallVec;

/// How bytes are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// HMAC over SHA-1, where the vendor has nothing else.
    HmacSha1,
    /// HMAC over SHA-256.
    HmacSha256,
    /// HMAC over SHA-512.
    HmacSha512,
    /// SHA-256 over secret and message: open to extension, so its schemes check the message's form.
    Sha256OfSecretAndMessage,
    /// Ed25519 (RFC 8032), S below the order.
    Ed25519,
    /// ECDSA on P-256 over SHA-256, in DER.
    EcdsaP256Sha256,
    /// ECDSA on P-256 over SHA-256, as r‖s (RFC 9421).
    EcdsaP256Sha256Raw,
    /// ECDSA on P-384 over SHA-384, as r‖s (RFC 9421).
    EcdsaP384Sha384Raw,
    /// RSA PKCS#1 v1.5 over SHA-1, where a vendor still sends it.
    RsaSha1,
    /// RSA PKCS#1 v1.5 over SHA-256.
    RsaSha256,
    /// RSASSA-PSS over SHA-256, salt of 32 bytes (JOSE's PS256).
    RsaPssSha256,
    /// RSASSA-PSS over SHA-512, salt of 64 bytes (RFC 9421).
    RsaPssSha512,
}

impl Algorithm {
    /// The length of a signature in bytes; `None` where it varies.
    pub(crate) fn signature_bytes(self) -> Option<usize> {
        match self {
            Self::HmacSha1 => Some(20),
            Self::HmacSha256 | Self::Sha256OfSecretAndMessage => Some(32),
            Self::HmacSha512 | Self::Ed25519 | Self::EcdsaP256Sha256Raw => Some(64),
            Self::EcdsaP384Sha384Raw => Some(96),
            Self::EcdsaP256Sha256
            | Self::RsaSha1
            | Self::RsaSha256
            | Self::RsaPssSha256
            | Self::RsaPssSha512 => None,
        }
    }

    /// A decoded signature, if its length is right.
    pub(crate) fn signature(self, bytes: impl Into<SignatureBytes>) -> Option<Signature> {
        let bytes = bytes.into();
        let fits = self
            .signature_bytes()
            .is_none_or(|length| bytes.len() == length);
        fits.then_some(Signature {
            algorithm: self,
            bytes,
        })
    }
}

/// A signature's bytes; those of HMAC-SHA256, which nearly all deliveries have, have their place
/// here, and the few more that base64 is decoded into.
pub(crate) type SignatureBytes = SmallVec<[u8; 36]>;

/// A decoded signature.
pub(crate) struct Signature {
    algorithm: Algorithm,
    bytes: SignatureBytes,
}

/// A key, decoded and of its algorithm.
#[derive(Clone)]
pub(crate) enum Key {
    /// A secret for HMAC-SHA256: of the two libraries here the one that is faster on short pieces.
    HmacSha256(Hmac<Sha256>),
    /// A secret for HMAC over another hash.
    Hmac(Algorithm, ring::hmac::Key),
    /// A secret that is hashed before the message.
    Prefix(Vec<u8>),
    /// A public key's bytes: 32 for Ed25519, an uncompressed point for ECDSA, an RSAPublicKey.
    Public(Algorithm, Vec<u8>),
}

impl Key {
    /// A secret for HMAC-SHA256, which nearly every vendor uses.
    pub(crate) fn hmac_sha256(bytes: &[u8]) -> Self {
        match Hmac::new_from_slice(bytes) {
            Ok(key) => Self::HmacSha256(key),
            // A key of any length is one; the other library would say the same.
            Err(_) => Self::of_ring(Algorithm::HmacSha256, ring::hmac::HMAC_SHA256, bytes),
        }
    }

    /// A secret for HMAC-SHA1.
    pub(crate) fn hmac_sha1(bytes: &[u8]) -> Self {
        let hash = ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
        Self::of_ring(Algorithm::HmacSha1, hash, bytes)
    }

    /// A secret for HMAC-SHA512.
    pub(crate) fn hmac_sha512(bytes: &[u8]) -> Self {
        Self::of_ring(Algorithm::HmacSha512, ring::hmac::HMAC_SHA512, bytes)
    }

    fn of_ring(algorithm: Algorithm, hash: ring::hmac::Algorithm, bytes: &[u8]) -> Self {
        Self::Hmac(algorithm, ring::hmac::Key::new(hash, bytes))
    }

    /// An Ed25519 public key, unless it is none that can be trusted to bind a message.
    pub(crate) fn ed25519(bytes: &[u8]) -> Option<Self> {
        let key: [u8; 32] = bytes.try_into().ok()?;
        may_be_trusted(key).then(|| Self::Public(Algorithm::Ed25519, key.to_vec()))
    }

    /// A P-256 public key for signatures in DER: an uncompressed point of 65 bytes.
    pub(crate) fn p256(point: &[u8]) -> Option<Self> {
        Self::point(Algorithm::EcdsaP256Sha256, point)
    }

    /// A public key for ECDSA: an uncompressed point of the algorithm's curve.
    pub(crate) fn point(algorithm: Algorithm, point: &[u8]) -> Option<Self> {
        let length = if algorithm == Algorithm::EcdsaP384Sha384Raw {
            97
        } else {
            65
        };
        let is_uncompressed = point.len() == length && point.first() == Some(&4);
        is_uncompressed.then(|| Self::Public(algorithm, point.to_vec()))
    }

    fn algorithm(&self) -> Algorithm {
        match self {
            Self::HmacSha256(_) => Algorithm::HmacSha256,
            Self::Hmac(algorithm, _) | Self::Public(algorithm, _) => *algorithm,
            Self::Prefix(_) => Algorithm::Sha256OfSecretAndMessage,
        }
    }

    /// Whether a signature is of this key's algorithm at all.
    pub(crate) fn fits(&self, signature: &Signature) -> bool {
        self.algorithm() == signature.algorithm
    }

    /// Whether any of the signatures is this key's over the parts.
    pub(crate) fn holds<P: AsRef<[u8]>>(&self, parts: &[P], signatures: &[Signature]) -> bool {
        let ours = signatures
            .iter()
            .filter(|signature| self.fits(signature))
            .map(|signature| signature.bytes.as_slice());
        match self {
            Self::HmacSha256(key) => {
                let mut mac = key.clone();
                parts.iter().for_each(|part| mac.update(part.as_ref()));
                any_is(&mac.finalize().into_bytes(), ours)
            }
            Self::Hmac(_, key) => {
                let mut mac = ring::hmac::Context::with_key(key);
                parts.iter().for_each(|part| mac.update(part.as_ref()));
                any_is(mac.sign().as_ref(), ours)
            }
            Self::Prefix(secret) => {
                let mut context = digest::Context::new(&digest::SHA256);
                context.update(secret);
                parts.iter().for_each(|part| context.update(part.as_ref()));
                any_is(context.finish().as_ref(), ours)
            }
            Self::Public(algorithm, key) => {
                let message = parts.iter().map(AsRef::as_ref).collect::<Vec<_>>().concat();
                let mut ours = ours;
                ours.any(|signature| is_signed(*algorithm, key, &message, signature))
            }
        }
    }

    /// The MAC of a message, for replies that prove the secret; `None` for other keys.
    pub(crate) fn mac(&self, message: &[u8]) -> Option<SignatureBytes> {
        match self {
            Self::HmacSha256(key) => {
                let mac = key.clone().chain_update(message).finalize();
                Some(SmallVec::from_slice(&mac.into_bytes()))
            }
            Self::Hmac(_, key) => {
                let mac = ring::hmac::sign(key, message);
                Some(SmallVec::from_slice(mac.as_ref()))
            }
            Self::Prefix(_) | Self::Public(..) => None,
        }
    }
}

/// Whether any equals what was expected, looking at all of them.
fn any_is<'s>(expected: &[u8], signatures: impl Iterator<Item = &'s [u8]>) -> bool {
    signatures
        .map(|signature| constant_time_eq(expected, signature))
        .fold(false, |any, one| any | one)
}

fn is_signed(algorithm: Algorithm, key: &[u8], message: &[u8], bytes: &[u8]) -> bool {
    let rule: &'static dyn signature::VerificationAlgorithm = match algorithm {
        Algorithm::Ed25519 => &signature::ED25519,
        Algorithm::EcdsaP256Sha256 => &signature::ECDSA_P256_SHA256_ASN1,
        Algorithm::RsaSha1 => &signature::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::RsaSha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RsaPssSha256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::RsaPssSha512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::EcdsaP256Sha256Raw => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::EcdsaP384Sha384Raw => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::HmacSha1
        | Algorithm::HmacSha256
        | Algorithm::HmacSha512
        | Algorithm::Sha256OfSecretAndMessage => return false,
    };
    signature::UnparsedPublicKey::new(rule, key)
        .verify(message, bytes)
        .is_ok()
}

/// The orders 1, 2, 4 and 8 of Ed25519 as y coordinates (the two of order 8 in hex, little-endian).
const ORDER_8: [&str; 2] = [
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
];

/// Not of small order, and y below the field's prime 2^255 - 19.
fn may_be_trusted(mut key: [u8; 32]) -> bool {
    if let Some(last) = key.last_mut() {
        *last &= 0x7f; // the sign of x
    }
    let text = hex::encode(key);
    let middle_is_full = text
        .get(2..62)
        .is_some_and(|m| m.bytes().all(|b| b == b'f'));
    // From 2^255 - 20, which is -1 (order 2), to 2^255 - 1: beyond the field, but for the first.
    let is_last_20 = middle_is_full && key.last() == Some(&0x7f) && key.first() >= Some(&0xec);
    // 1 (order 1) and 0 (order 4).
    let is_first_2 = key.first() <= Some(&1) && key.iter().skip(1).all(|b| *b == 0);
    !is_last_20 && !is_first_2 && !ORDER_8.contains(&text.as_str())
}

#[cfg(test)]
mod timing;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ed25519_keys_of_small_order_or_beyond_the_field_are_refused() {
        let [eight, other_eight] = ORDER_8;
        let high = "ff".repeat(30);
        for hex_key in [
            "00".repeat(32),
            format!("01{}", "00".repeat(31)),
            format!("01{}80", "00".repeat(30)),
            eight.to_owned(),
            other_eight.replace("037a", "03fa"),
            format!("ec{high}7f"),
            format!("ed{high}7f"),
            format!("ff{high}ff"),
            "00".repeat(31),
        ] {
            let bytes = hex::decode(&hex_key).unwrap();
            assert!(Key::ed25519(&bytes).is_none(), "{hex_key}");
        }
        assert!(Key::ed25519(&hex::decode(format!("eb{high}7f")).unwrap()).is_some());
        assert!(Key::ed25519(&hex::decode(format!("02{}", "00".repeat(31))).unwrap()).is_some());
    }

    #[test]
    fn a_signature_meets_only_keys_of_its_own_algorithm() {
        let key = Key::hmac_sha1(b"k");
        let mac = key.mac(b"m").unwrap();
        let ours = Algorithm::HmacSha1
            .signature(mac.as_ref().to_vec())
            .unwrap();
        assert!(key.holds(&[b"m"], &[ours]));
        assert!(
            Algorithm::HmacSha256
                .signature(mac.as_ref().to_vec())
                .is_none()
        );
        let mac = Key::hmac_sha256(b"k").mac(b"m").unwrap();
        let other = Signature {
            algorithm: Algorithm::HmacSha256,
            bytes: SmallVec::from_slice(mac.as_ref()),
        };
        assert!(!Key::Prefix(b"k".to_vec()).fits(&other));
        assert!(!key.holds(&[b"m"], &[other]));
    }
}
