//! The configured secrets of a verifier, and the keys that are made of them.
//!
//! `secrets` holds them as the vendor wrote them (each scheme knows its form), `secrets_hex` and
//! `secrets_b64` hold plain key bytes. A literal becomes a key when the verifier is made, and one
//! that is empty or does not decode is refused there; a reference is read at each verification, and
//! once more when nothing matched under an answer that a resolver gave more than 5 s ago, so that a
//! rotated secret counts at once. The order is that of the options: `secrets`, then
//! `secrets_hex`, then `secrets_b64`, counted from 0.
//!
//! Where a vendor signs with a private key: `public_keys` as the vendor writes them, and one in
//! `public_key_hex` (its plain bytes) or `public_key_der_b64` (SubjectPublicKeyInfo). A public key
//! is no secret, so files may hold it. They come after the secrets, in this order.

use std::borrow::Cow;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::{Algorithm, Key};
use super::scheme::Scheme;
use crate::options::secret::forget_older_than;
use crate::options::{Fields, OptionError, SecretBytes, SecretError, SecretRef};

/// Secrets of one verifier; more would only make a forged delivery costlier to refuse.
pub(crate) const MAX_SECRETS: usize = 5;

/// Reads a secret by reference.
pub type Resolve<'r> = &'r dyn Fn(&SecretRef) -> Result<SecretBytes, SecretError>;

/// How the bytes of a secret become the key.
#[derive(Clone, Copy)]
pub(crate) enum Encoding {
    /// As the vendor wrote it; the scheme knows.
    AsWritten,
    /// The key's bytes in hex.
    Hex,
    /// The key's bytes in padded base64.
    Base64,
}

impl Encoding {
    const ALL: [(&'static str, Self); 3] = [
        ("secrets", Self::AsWritten),
        ("secrets_hex", Self::Hex),
        ("secrets_b64", Self::Base64),
    ];

    fn key(self, scheme: &dyn Scheme, written: &[u8]) -> Option<Key> {
        let bytes = match self {
            Self::AsWritten => scheme.secret_bytes(written)?,
            Self::Hex => hex::decode(written).ok()?,
            Self::Base64 => STANDARD.decode(written).ok()?,
        };
        (!bytes.is_empty()).then(|| scheme.key(&bytes))
    }
}

/// One configured secret.
pub(crate) enum Secret {
    /// A literal, decoded once.
    Ready(Key),
    /// Read when needed.
    Reference(SecretRef, Encoding),
}

impl Secret {
    /// The key; for a reference, what it says now.
    pub(crate) fn key(
        &self,
        scheme: &dyn Scheme,
        resolve: Resolve<'_>,
    ) -> Result<Cow<'_, Key>, String> {
        match self {
            Self::Ready(key) => Ok(Cow::Borrowed(key)),
            Self::Reference(reference, encoding) => {
                let bytes = resolve(reference).map_err(|error| error.to_string())?;
                let key = encoding.key(scheme, bytes.expose());
                key.map(Cow::Owned).ok_or_else(|| {
                    format!("'{}' is empty or does not decode", reference.reference())
                })
            }
        }
    }
}

/// A kept answer of a resolver that is younger is not asked for again when nothing matched.
const YOUNG: Duration = Duration::from_secs(5);

impl Secret {
    /// Drops what is kept for a reference, if it may have been changed since; whether it was.
    pub(crate) fn forget(&self) -> bool {
        match self {
            Self::Ready(_) => false,
            Self::Reference(reference, _) => forget_older_than(reference, YOUNG),
        }
    }
}

/// Takes the secrets that both sides have.
pub(crate) fn take_secrets(
    fields: &mut Fields,
    scheme: &dyn Scheme,
) -> Result<Vec<Secret>, OptionError> {
    let mut secrets = Vec::new();
    let encodings = Encoding::ALL.into_iter().filter(|_| scheme.has_secrets());
    for (name, encoding) in encodings {
        for (at, reference) in fields
            .secrets(name)?
            .unwrap_or_default()
            .into_iter()
            .enumerate()
        {
            let field = format!("{}.{at}", fields.name(name));
            secrets.push(secret(field, reference, encoding, scheme)?);
        }
    }
    Ok(secrets)
}

/// Takes all secrets of the options, and the public keys.
pub(crate) fn take(fields: &mut Fields, scheme: &dyn Scheme) -> Result<Vec<Secret>, OptionError> {
    let mut secrets = take_secrets(fields, scheme)?;
    if let Some(algorithm) = scheme.public_algorithm() {
        take_public_keys(fields, scheme, algorithm, &mut secrets)?;
    }
    let has_keys = scheme.has_secrets() || scheme.public_algorithm().is_some();
    if (has_keys && secrets.is_empty()) || secrets.len() > MAX_SECRETS {
        let (name, all) = if scheme.has_secrets() {
            ("secrets", "with secrets_hex and secrets_b64")
        } else {
            ("public_keys", "with public_key_hex and public_key_der_b64")
        };
        return Err(OptionError::new(
            fields.name(name),
            format!("{} of them", secrets.len()),
            format!("a list of 1 to {MAX_SECRETS} ({all})"),
        ));
    }
    Ok(secrets)
}

fn secret(
    field: String,
    reference: SecretRef,
    encoding: Encoding,
    scheme: &dyn Scheme,
) -> Result<Secret, OptionError> {
    if !reference.is_literal() {
        return Ok(Secret::Reference(reference, encoding));
    }
    let bytes = reference
        .resolve()
        .map_err(|_| OptionError::new(&field, "no secret", "a secret"))?;
    let key = encoding.key(scheme, bytes.expose());
    key.map(Secret::Ready).ok_or_else(|| {
        let allowed = match encoding {
            Encoding::AsWritten => {
                format!("a secret as the vendor of '{}' writes it", scheme.name())
            }
            Encoding::Hex => "a secret's bytes in hex".to_owned(),
            Encoding::Base64 => "a secret's bytes in padded base64".to_owned(),
        };
        OptionError::new(field, "a secret that is empty or does not decode", allowed)
    })
}

fn take_public_keys(
    fields: &mut Fields,
    scheme: &dyn Scheme,
    algorithm: Algorithm,
    keys: &mut Vec<Secret>,
) -> Result<(), OptionError> {
    let mut push = |field: String, key: Option<Key>| {
        let allowed = format!("a public key as '{}' has it", scheme.name());
        let got = "no such key";
        keys.push(Secret::Ready(
            key.ok_or_else(|| OptionError::new(field, got, allowed))?,
        ));
        Ok(())
    };
    let written = fields.texts("public_keys")?.unwrap_or_default();
    for (at, written) in written.iter().enumerate() {
        let field = format!("{}.{at}", fields.name("public_keys"));
        push(field, scheme.public_key(written.as_bytes()))?;
    }
    let mut one = |name: &'static str, decode: &dyn Fn(&[u8]) -> Option<Vec<u8>>| {
        let Some(text) = fields.text(name)? else {
            return Ok(());
        };
        let key = decode(text.as_bytes()).and_then(|bytes| public_key(algorithm, &bytes));
        push(fields.name(name), key)
    };
    one("public_key_hex", &|text| hex::decode(text).ok())?;
    one("public_key_der_b64", &|text| {
        let der = STANDARD.decode(text).ok()?;
        spki_key(algorithm, &der).map(<[u8]>::to_vec)
    })
}

/// A public key of its plain bytes.
fn public_key(algorithm: Algorithm, bytes: &[u8]) -> Option<Key> {
    match algorithm {
        Algorithm::Ed25519 => Key::ed25519(bytes),
        Algorithm::EcdsaP256Sha256 => Key::p256(bytes),
        Algorithm::HmacSha1
        | Algorithm::HmacSha256
        | Algorithm::HmacSha512
        | Algorithm::Sha256OfSecretAndMessage
        | Algorithm::EcdsaP256Sha256Raw
        | Algorithm::EcdsaP384Sha384Raw
        | Algorithm::RsaSha1
        | Algorithm::RsaSha256
        | Algorithm::RsaPssSha256
        | Algorithm::RsaPssSha512 => None,
    }
}

/// The plain bytes in a SubjectPublicKeyInfo, which has one form only for each of these.
pub(crate) fn spki_key(algorithm: Algorithm, der: &[u8]) -> Option<&[u8]> {
    const ED25519: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";
    const P256: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    match algorithm {
        Algorithm::Ed25519 => der.strip_prefix(ED25519),
        Algorithm::EcdsaP256Sha256 => der.strip_prefix(P256),
        Algorithm::HmacSha1
        | Algorithm::HmacSha256
        | Algorithm::HmacSha512
        | Algorithm::Sha256OfSecretAndMessage
        | Algorithm::EcdsaP256Sha256Raw
        | Algorithm::EcdsaP384Sha384Raw
        | Algorithm::RsaSha1
        | Algorithm::RsaSha256
        | Algorithm::RsaPssSha256
        | Algorithm::RsaPssSha512 => None,
    }
}
