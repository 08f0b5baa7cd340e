//! Public keys as programs have them: PEM, of SubjectPublicKeyInfo or of PKCS#1's RSAPublicKey.
//!
//! The algorithm is the option's, never the key's alone: a key of another kind is refused, so that
//! no signature is checked under rules that its owner did not choose. An RSA key may be bound to
//! PSS by its own identifier (RFC 4055), and is then refused for PKCS#1 v1.5.

use super::algorithm::{Algorithm, Key};
use super::{der, pem};

/// The first key of a PEM, if it is one for this algorithm.
pub(crate) fn from_pem(algorithm: Algorithm, text: &[u8]) -> Option<Key> {
    match pem::first(text)? {
        ("PUBLIC KEY", der) => from_spki(algorithm, &der),
        ("RSA PUBLIC KEY", der) if is_rsa(algorithm) => rsa(algorithm, &der),
        _ => None,
    }
}

/// The key of a SubjectPublicKeyInfo, if it is one for this algorithm.
pub(crate) fn from_spki(algorithm: Algorithm, der: &[u8]) -> Option<Key> {
    let (identifier, key) = der::public_key_info(der)?;
    let is_pss = matches!(algorithm, Algorithm::RsaPssSha256 | Algorithm::RsaPssSha512);
    match identifier {
        der::ED25519 if algorithm == Algorithm::Ed25519 => Key::ed25519(key),
        der::P256 if is_p256(algorithm) => Key::point(algorithm, key),
        der::P384 if algorithm == Algorithm::EcdsaP384Sha384Raw => Key::point(algorithm, key),
        der::RSA_ENCRYPTION if is_rsa(algorithm) => rsa(algorithm, key),
        bound if is_pss && bound.starts_with(der::RSASSA_PSS) => rsa(algorithm, key),
        _ => None,
    }
}

fn is_p256(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::EcdsaP256Sha256 | Algorithm::EcdsaP256Sha256Raw
    )
}

fn is_rsa(algorithm: Algorithm) -> bool {
    matches!(
        algorithm,
        Algorithm::RsaSha1
            | Algorithm::RsaSha256
            | Algorithm::RsaPssSha256
            | Algorithm::RsaPssSha512
    )
}

/// An RSAPublicKey: two integers.
fn rsa(algorithm: Algorithm, der: &[u8]) -> Option<Key> {
    let (_, exponent) = der::element(der::INTEGER, der::only(der::SEQUENCE, der)?)?;
    der::only(der::INTEGER, exponent)?;
    Some(Key::Public(algorithm, der.to_vec()))
}
