//! Signing deliveries that are ours to send, in the styles that receivers know.
//!
//! [`Signer`] holds one style with its secrets and signs under each of them, side by side, so that
//! a receiver which knows the old or the new one takes the delivery while a secret is rolled. Where
//! a style's header has room for one signature, so many secrets are allowed: there the receiver
//! holds both. Styles: `standard-webhooks` (also `private_keys`, `whsk_…`), `github`, `stripe`,
//! `hmac` (any template), each in the file of its scheme, and `rfc9421` by the message signer.
//!
//! No clock: the caller says what time it is. An id that is not given is made here, once: keep it
//! for the repeats of a delivery.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::Algorithm;
use super::message_signature::{HttpMessage, MessageSigner};
use super::private_key::SigningKey;
use super::scheme::{Pieces, Scheme};
use super::secrets::{self, MAX_SECRETS, Resolve, Secret};
use super::{Message, Refusal, registry};
use crate::clock::{self, UnixMs};
use crate::options::{Fields, OptionError, Value};

/// The fields to send with a message: names and values.
pub type SignedFields = Vec<(String, String)>;

/// A signature of ours, and how it was made.
pub(crate) struct Made {
    pub(crate) algorithm: Algorithm,
    pub(crate) bytes: Vec<u8>,
}

/// What is signed: the message, its id and its time in seconds.
pub(crate) struct Outgoing<'m> {
    pub(crate) message: &'m Message<'m>,
    pub(crate) id: &'m str,
    pub(crate) time: &'m str,
}

/// A scheme that can be sent as well.
pub(crate) trait Signs: Scheme {
    /// Signatures that fit side by side.
    fn room(&self) -> usize {
        MAX_SECRETS
    }

    /// The algorithm of its secrets.
    fn secret_algorithm(&self) -> Algorithm {
        Algorithm::HmacSha256
    }

    /// The bytes to sign.
    fn signed<'o>(&'o self, outgoing: &'o Outgoing<'o>) -> Result<Pieces<'o>, Refusal>;

    /// The fields with the signatures, at least one.
    fn fields(&self, outgoing: &Outgoing<'_>, made: &[Made]) -> SignedFields;
}

enum Style {
    Scheme {
        scheme: Box<dyn Signs>,
        secrets: Vec<Secret>,
        private_keys: Vec<SigningKey>,
    },
    Message(MessageSigner),
}

/// Signs deliveries in one style. `Debug` shows no secret.
pub struct Signer {
    style: Style,
    name: &'static str,
}

impl Signer {
    /// Checks the options: `secrets`, `secrets_hex`, `secrets_b64`, `private_keys` (Standard
    /// Webhooks), and those of the style.
    ///
    /// # Errors
    /// For an unknown style or option, a secret that is empty or does not decode, and more of them
    /// than the style has room for.
    pub fn new(style: &str, options: &Value) -> Result<Self, OptionError> {
        let mut fields = Fields::new(options)?;
        let signer = Self::open(style, &mut fields)?;
        fields.finish()?;
        Ok(signer)
    }

    fn open(name: &str, fields: &mut Fields) -> Result<Self, OptionError> {
        const MESSAGE: &str = "rfc9421";
        if name == MESSAGE {
            return Ok(Self {
                style: Style::Message(MessageSigner::open(fields)?),
                name: MESSAGE,
            });
        }
        let found = registry::SIGNING.iter().find(|(known, _)| *known == name);
        let Some((name, open)) = found else {
            let names = registry::SIGNING.iter().map(|(name, _)| *name);
            let names: Vec<String> = names.chain([MESSAGE]).map(|n| format!("'{n}'")).collect();
            return Err(OptionError::new(
                fields.name("scheme"),
                format!("'{}'", name.escape_debug()),
                format!("one of {}", names.join(", ")),
            ));
        };
        let scheme = open(fields)?;
        let private_keys = private_keys(fields, scheme.as_ref())?;
        let secrets = secrets::take_secrets(fields, scheme.as_ref())?;
        let count = secrets.len() + private_keys.len();
        if count == 0 || count > scheme.room() {
            let allowed = match scheme.room() {
                1 => {
                    "one: its header has room for one signature, so the receiver holds both while \
                      a secret is rolled"
                        .to_owned()
                }
                room => format!("a list of 1 to {room}"),
            };
            let got = format!("{count} of them");
            return Err(OptionError::new(fields.name("secrets"), got, allowed));
        }
        Ok(Self {
            style: Style::Scheme {
                scheme,
                secrets,
                private_keys,
            },
            name,
        })
    }

    /// The style's name.
    pub fn scheme(&self) -> &'static str {
        self.name
    }

    /// The fields that sign a message as of `now`, under every secret; `id` is made where the style
    /// has one and none is given.
    ///
    /// # Errors
    /// When the id is not of the style's form, the message lacks what is signed, or a secret by
    /// reference cannot be read: a delivery with fewer signatures than asked for is not sent.
    pub fn sign(
        &self,
        message: &Message<'_>,
        id: Option<&str>,
        now: UnixMs,
        resolve: Resolve<'_>,
    ) -> Result<SignedFields, Refusal> {
        let (scheme, secrets, private_keys) = match &self.style {
            Style::Message(signer) => {
                return signer.sign(&HttpMessage::Request(*message), now, resolve, id);
            }
            Style::Scheme {
                scheme,
                secrets,
                private_keys,
            } => (scheme, secrets, private_keys),
        };
        let made_id = || format!("msg_{}", hex::encode(clock::random_bytes::<16>()));
        let own = id.map_or_else(made_id, str::to_owned);
        let outgoing = Outgoing {
            message,
            id: &own,
            time: &now.0.div_euclid(1000).to_string(),
        };
        let signed = scheme.signed(&outgoing)?;
        let signed = signed
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<_>>()
            .concat();
        let mut made = Vec::new();
        for secret in secrets {
            let key = secret.key(scheme.as_ref(), resolve);
            let key = key.map_err(Refusal::SecretUnavailable)?;
            made.extend(key.mac(&signed).map(|mac| Made {
                algorithm: scheme.secret_algorithm(),
                bytes: mac.to_vec(),
            }));
        }
        made.extend(private_keys.iter().filter_map(|key| {
            let bytes = key.sign(&signed)?;
            let algorithm = Algorithm::Ed25519;
            Some(Made { algorithm, bytes })
        }));
        Ok(scheme.fields(&outgoing, &made))
    }
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("scheme", &self.name)
            .finish_non_exhaustive()
    }
}

/// Takes `private_keys`: `whsk_` and base64 of 64 bytes, of which the first 32 are the seed.
fn private_keys(fields: &mut Fields, scheme: &dyn Signs) -> Result<Vec<SigningKey>, OptionError> {
    const KEY: &str = "private_keys";
    if scheme.public_algorithm() != Some(Algorithm::Ed25519) {
        return Ok(Vec::new());
    }
    let references = fields.secrets(KEY)?.unwrap_or_default();
    let key = |(at, reference): (usize, &crate::options::SecretRef)| {
        let refuse = || {
            let allowed = "a literal of 'whsk_' and base64 of 64 bytes, secret and public";
            OptionError::new(format!("{}.{at}", fields.name(KEY)), "no such key", allowed)
        };
        let bytes = reference.resolve().map_err(|_| refuse())?;
        signing_key(bytes.expose()).ok_or_else(refuse)
    };
    references.iter().enumerate().map(key).collect()
}

fn signing_key(written: &[u8]) -> Option<SigningKey> {
    let text = written.strip_prefix(b"whsk_").unwrap_or(written);
    let bytes = STANDARD.decode(text).ok()?;
    let (seed, public) = bytes.split_at_checked(32)?;
    matches!(public.len(), 0 | 32)
        .then(|| SigningKey::ed25519(seed))
        .flatten()
}
