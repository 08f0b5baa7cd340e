//! The configured secrets of a verifier, and the keys that are made of them.
//!
//! `secrets` holds them as the vendor wrote them (each scheme knows its form), `secrets_hex` and
//! `secrets_b64` hold plain key bytes. A literal becomes a key when the verifier is made, and one
//! that is empty or does not decode is refused there; a reference is read at each verification, so
//! that a rotated secret counts at once. The order is that of the options: `secrets`, then
//! `secrets_hex`, then `secrets_b64`, counted from 0.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;

use super::scheme::Scheme;
use crate::options::{Fields, OptionError, SecretBytes, SecretError, SecretRef};

/// Secrets of one verifier; more would only make a forged delivery costlier to refuse.
const MAX_SECRETS: usize = 5;

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

    fn key(self, scheme: &dyn Scheme, written: &[u8]) -> Option<hmac::Key> {
        let bytes = match self {
            Self::AsWritten => scheme.key_bytes(written)?,
            Self::Hex => hex::decode(written).ok()?,
            Self::Base64 => STANDARD.decode(written).ok()?,
        };
        (!bytes.is_empty()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &bytes))
    }
}

/// One configured secret.
pub(crate) enum Secret {
    /// A literal, decoded once.
    Ready(hmac::Key),
    /// Read when needed.
    Reference(SecretRef, Encoding),
}

impl Secret {
    /// The key; for a reference, what it says now.
    pub(crate) fn key(
        &self,
        scheme: &dyn Scheme,
        resolve: Resolve<'_>,
    ) -> Result<hmac::Key, String> {
        match self {
            Self::Ready(key) => Ok(key.clone()),
            Self::Reference(reference, encoding) => {
                let bytes = resolve(reference).map_err(|error| error.to_string())?;
                let key = encoding.key(scheme, bytes.expose());
                key.ok_or_else(|| {
                    format!("'{}' is empty or does not decode", reference.reference())
                })
            }
        }
    }
}

/// Takes all secrets of the options.
pub(crate) fn take(fields: &mut Fields, scheme: &dyn Scheme) -> Result<Vec<Secret>, OptionError> {
    let mut secrets = Vec::new();
    for (name, encoding) in Encoding::ALL {
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
    if secrets.is_empty() || secrets.len() > MAX_SECRETS {
        return Err(OptionError::new(
            fields.name("secrets"),
            format!("{} secrets", secrets.len()),
            format!("a list of 1 to {MAX_SECRETS} secrets (with secrets_hex and secrets_b64)"),
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
