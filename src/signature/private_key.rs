//! Private keys that sign: PEM of PKCS#8 (RFC 5958), of PKCS#1 or of SEC 1 (RFC 5915), and secrets
//! for HMAC.
//!
//! As with public keys, the option says the algorithm and a key of another kind is refused. ring
//! signs; it takes RSA keys of 2048 to 4096 bits whose two primes are of one size, and EC keys that
//! carry their public half. Ed25519 is deterministic, ECDSA and PSS draw from the system's source.
//! `Debug` shows no key.

use std::fmt;

use ring::rand::SystemRandom;
use ring::signature::{self, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};

use super::algorithm::{Algorithm, Key};
use super::{der, pem};

/// A key that signs by one algorithm.
pub(crate) enum SigningKey {
    /// The one key of both sides.
    Shared(Key),
    /// An Ed25519 pair.
    Ed25519(Ed25519KeyPair),
    /// A pair on P-256 or P-384.
    Ecdsa(EcdsaKeyPair),
    /// An RSA pair.
    Rsa(Algorithm, RsaKeyPair),
}

impl SigningKey {
    /// The first key of a PEM, if it is one for this algorithm.
    pub(crate) fn from_pem(algorithm: Algorithm, text: &[u8]) -> Option<Self> {
        let (label, der) = pem::first(text)?;
        match label {
            "PRIVATE KEY" => from_pkcs8(algorithm, &der),
            "RSA PRIVATE KEY" => rsa(algorithm, &der),
            "EC PRIVATE KEY" => ecdsa(algorithm, &der),
            _ => None,
        }
    }

    /// An Ed25519 pair of its seed, 32 bytes.
    pub(crate) fn ed25519(seed: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        Some(Self::Ed25519(pair))
    }

    /// The signature over the message; `None` where the system gives no randomness.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Shared(key) => Some(key.mac(message)?.to_vec()),
            Self::Ed25519(pair) => Some(pair.sign(message).as_ref().to_vec()),
            Self::Ecdsa(pair) => Some(pair.sign(&random, message).ok()?.as_ref().to_vec()),
            Self::Rsa(algorithm, pair) => {
                let padding: &dyn signature::RsaEncoding = if *algorithm == Algorithm::RsaSha256 {
                    &signature::RSA_PKCS1_SHA256
                } else if *algorithm == Algorithm::RsaPssSha256 {
                    &signature::RSA_PSS_SHA256
                } else {
                    &signature::RSA_PSS_SHA512
                };
                let mut bytes = vec![0; pair.public().modulus_len()];
                pair.sign(padding, &random, message, &mut bytes).ok()?;
                Some(bytes)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(…)")
    }
}

/// OneAsymmetricKey: version, algorithm, the key in its own form, and what may follow.
fn from_pkcs8(algorithm: Algorithm, der: &[u8]) -> Option<SigningKey> {
    let (_, rest) = der::element(der::INTEGER, der::only(der::SEQUENCE, der)?)?;
    let (identifier, rest) = der::element(der::SEQUENCE, rest)?;
    let (key, _) = der::element(der::OCTET_STRING, rest)?;
    match identifier {
        der::ED25519 if algorithm == Algorithm::Ed25519 => {
            SigningKey::ed25519(der::only(der::OCTET_STRING, key)?)
        }
        der::P256 if algorithm == Algorithm::EcdsaP256Sha256Raw => ecdsa(algorithm, key),
        der::P384 if algorithm == Algorithm::EcdsaP384Sha384Raw => ecdsa(algorithm, key),
        der::RSA_ENCRYPTION => rsa(algorithm, key),
        pss if pss.starts_with(der::RSASSA_PSS) && algorithm != Algorithm::RsaSha256 => {
            rsa(algorithm, key)
        }
        _ => None,
    }
}

/// RSAPrivateKey of PKCS#1.
fn rsa(algorithm: Algorithm, der: &[u8]) -> Option<SigningKey> {
    let is_rsa = matches!(
        algorithm,
        Algorithm::RsaSha256 | Algorithm::RsaPssSha256 | Algorithm::RsaPssSha512
    );
    let pair = RsaKeyPair::from_der(der).ok().filter(|_| is_rsa)?;
    Some(SigningKey::Rsa(algorithm, pair))
}

/// ECPrivateKey: version, the number, the curve's name and the point, which both may be left out.
fn ecdsa(algorithm: Algorithm, der: &[u8]) -> Option<SigningKey> {
    let rule = if algorithm == Algorithm::EcdsaP256Sha256Raw {
        &signature::ECDSA_P256_SHA256_FIXED_SIGNING
    } else if algorithm == Algorithm::EcdsaP384Sha384Raw {
        &signature::ECDSA_P384_SHA384_FIXED_SIGNING
    } else {
        return None;
    };
    let (_, rest) = der::element(der::INTEGER, der::only(der::SEQUENCE, der)?)?;
    let (number, rest) = der::element(der::OCTET_STRING, rest)?;
    let rest = der::element(der::CONTEXT_0, rest).map_or(rest, |(_, rest)| rest);
    let point = der::only(der::CONTEXT_1, rest)?;
    let point = der::only(der::BIT_STRING, point)?.strip_prefix(b"\0")?;
    let random = SystemRandom::new();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(rule, number, point, &random);
    Some(SigningKey::Ecdsa(pair.ok()?))
}
