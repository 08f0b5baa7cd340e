//! The keys of a message verifier or signer, each with its algorithm (RFC 9421 section 3.3).
//!
//! The option `keys` is a list of 1 to 5: `algorithm`, `keyid` (what the message must name; without
//! it any message may be this key's), and the key: `secret` or `secret_b64` for `hmac-sha256`, else
//! `public_key` to verify and `private_key` to sign, both PEM. The algorithm is the option's: `alg`
//! in a message must be the same or left out, and is never a choice. JOSE's `PS256` may be
//! configured as well, with no `alg` (3.3.7). Literals are read once, references at each use.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::algorithm::{Algorithm, Key};
use super::super::private_key::SigningKey;
use super::super::public_key;
use super::super::secrets::Resolve;
use crate::options::{Fields, OptionError, SecretRef, Value};

/// Keys of one verifier or signer.
const MAX_KEYS: usize = 5;

/// The algorithms by their names.
const ALGORITHMS: [(&str, Algorithm); 7] = [
    ("ed25519", Algorithm::Ed25519),
    ("ecdsa-p256-sha256", Algorithm::EcdsaP256Sha256Raw),
    ("ecdsa-p384-sha384", Algorithm::EcdsaP384Sha384Raw),
    ("rsa-pss-sha512", Algorithm::RsaPssSha512),
    ("rsa-v1_5-sha256", Algorithm::RsaSha256),
    ("hmac-sha256", Algorithm::HmacSha256),
    ("PS256", Algorithm::RsaPssSha256),
];

/// One configured key.
pub(crate) struct ConfiguredKey<K> {
    pub(crate) keyid: Option<String>,
    pub(crate) algorithm: Algorithm,
    /// The algorithm's name.
    pub(crate) name: &'static str,
    pub(crate) label: Option<String>,
    source: Source<K>,
}

enum Source<K> {
    Ready(K),
    Reference(SecretRef, Encoding),
}

/// How the text of a secret becomes the key.
#[derive(Clone, Copy)]
enum Encoding {
    Plain,
    Base64,
    Pem,
}

/// A key of one of the two uses.
pub(crate) trait Usable: Sized {
    /// The option that holds it where it is one of a pair.
    const PAIRED: &'static str;
    /// Whether that option is a secret.
    const IS_SECRET: bool;

    /// Of a PEM.
    fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Option<Self>;

    /// Of the key of both sides.
    fn shared(key: Key) -> Self;
}

impl Usable for Key {
    const PAIRED: &'static str = "public_key";
    const IS_SECRET: bool = false;

    fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Option<Self> {
        public_key::from_pem(algorithm, pem)
    }

    fn shared(key: Key) -> Self {
        key
    }
}

impl Usable for SigningKey {
    const PAIRED: &'static str = "private_key";
    const IS_SECRET: bool = true;

    fn from_pem(algorithm: Algorithm, pem: &[u8]) -> Option<Self> {
        Self::from_pem(algorithm, pem)
    }

    fn shared(key: Key) -> Self {
        Self::Shared(key)
    }
}

impl<K: Usable> ConfiguredKey<K> {
    /// Takes the option `keys`.
    pub(crate) fn take(fields: &mut Fields) -> Result<Vec<Self>, OptionError> {
        let allowed = format!("a list of 1 to {MAX_KEYS} keys");
        let items = match fields.value("keys") {
            Some(Value::List(items)) if (1..=MAX_KEYS).contains(&items.len()) => items,
            other => {
                let got = other.map_or("nothing".to_owned(), |value| value.kind().to_owned());
                return Err(OptionError::new(fields.name("keys"), got, allowed));
            }
        };
        let key = |(at, item)| {
            let path = format!("{}.{at}", fields.name("keys"));
            let mut fields = Fields::open(&path, item, fields.source())?;
            let key = Self::open(&mut fields)?;
            fields.finish()?;
            Ok(key)
        };
        items.into_iter().enumerate().map(key).collect()
    }

    fn open(fields: &mut Fields) -> Result<Self, OptionError> {
        let names = ALGORITHMS.map(|(name, algorithm)| (name, (name, algorithm)));
        let algorithm = fields.one_of("algorithm", &names)?;
        let (name, algorithm) = fields.required("algorithm", algorithm, "the key's algorithm")?;
        let source = if algorithm == Algorithm::HmacSha256 {
            Self::shared(fields)?
        } else {
            Self::paired(fields, algorithm)?
        };
        let label = if K::IS_SECRET { label(fields)? } else { None };
        Ok(Self {
            keyid: fields.text("keyid")?,
            algorithm,
            name,
            label,
            source,
        })
    }

    fn shared(fields: &mut Fields) -> Result<Source<K>, OptionError> {
        let plain = fields.secret("secret")?;
        let in_base64 = fields.secret("secret_b64")?;
        match (plain, in_base64) {
            (Some(secret), None) => source(
                fields.name("secret"),
                secret,
                Encoding::Plain,
                Algorithm::HmacSha256,
            ),
            (None, Some(secret)) => source(
                fields.name("secret_b64"),
                secret,
                Encoding::Base64,
                Algorithm::HmacSha256,
            ),
            (Some(_), Some(_)) | (None, None) => Err(OptionError::new(
                fields.name("secret"),
                "both or neither",
                "one of secret and secret_b64",
            )),
        }
    }

    fn paired(fields: &mut Fields, algorithm: Algorithm) -> Result<Source<K>, OptionError> {
        let allowed = "a PEM of such a key";
        if K::IS_SECRET {
            let secret = fields.secret(K::PAIRED)?;
            let secret = fields.required(K::PAIRED, secret, allowed)?;
            return source(fields.name(K::PAIRED), secret, Encoding::Pem, algorithm);
        }
        let text = fields.text(K::PAIRED)?;
        let text = fields.required(K::PAIRED, text, allowed)?;
        let key = K::from_pem(algorithm, text.as_bytes());
        key.map(Source::Ready)
            .ok_or_else(|| OptionError::new(fields.name(K::PAIRED), "no such key", allowed))
    }

    /// Whether a message that names this key, or none, may be this one's.
    pub(crate) fn may_be(&self, keyid: Option<&str>) -> bool {
        self.keyid.is_none() || self.keyid.as_deref() == keyid
    }

    /// Whether `alg` in a message is this key's algorithm, or left out.
    pub(crate) fn suits(&self, alg: Option<&str>) -> bool {
        // A JOSE algorithm is not of the registry: `alg` must then not be there.
        alg.is_none_or(|alg| alg == self.name && self.algorithm != Algorithm::RsaPssSha256)
    }

    /// Hands the key over; for a reference, what it says now.
    pub(crate) fn with<T>(
        &self,
        resolve: Resolve<'_>,
        then: impl FnOnce(&K) -> T,
    ) -> Result<T, String> {
        match &self.source {
            Source::Ready(key) => Ok(then(key)),
            Source::Reference(reference, encoding) => {
                let bytes = resolve(reference).map_err(|error| error.to_string())?;
                let key = encoding.key(self.algorithm, bytes.expose());
                let key = key.ok_or_else(|| {
                    format!("'{}' is empty or no such key", reference.reference())
                })?;
                Ok(then(&key))
            }
        }
    }
}

impl Encoding {
    fn key<K: Usable>(self, algorithm: Algorithm, text: &[u8]) -> Option<K> {
        let bytes = match self {
            Self::Plain => text.to_vec(),
            Self::Base64 => STANDARD.decode(text).ok()?,
            Self::Pem => return K::from_pem(algorithm, text),
        };
        (!bytes.is_empty()).then(|| K::shared(Key::hmac_sha256(&bytes)))
    }
}

fn source<K: Usable>(
    field: String,
    secret: SecretRef,
    encoding: Encoding,
    algorithm: Algorithm,
) -> Result<Source<K>, OptionError> {
    if !secret.is_literal() {
        return Ok(Source::Reference(secret, encoding));
    }
    let allowed = "a key of the algorithm, in the option's form";
    let refuse = || OptionError::new(&field, "a secret that is empty or no such key", allowed);
    let bytes = secret.resolve().map_err(|_| refuse())?;
    let key = encoding.key(algorithm, bytes.expose());
    key.map(Source::Ready).ok_or_else(refuse)
}

/// Takes the label of a signer's key.
fn label(fields: &mut Fields) -> Result<Option<String>, OptionError> {
    let Some(label) = fields.text("label")? else {
        return Ok(None);
    };
    if sfv::KeyRef::from_str(&label).is_err() {
        let allowed = "a key of a structured field: lower case letters, digits, '_', '-', '.', '*'";
        return Err(fields.refuse("label", &Value::from(label), allowed));
    }
    Ok(Some(label))
}
