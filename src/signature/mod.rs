//! Webhook signatures: is this delivery from who it says, and which events does it bring?
//!
//! [`Verifier`] holds one scheme with its options. A scheme (`github.rs`, `stripe.rs`, …) only
//! reads a delivery; the decision is made here, once: first the window, then every signature
//! against every secret of its own algorithm, MACs decoded and in constant time, with a cap of 5
//! secrets times 10 signatures. Rules: the vendors' pages named in each scheme, read strictly where
//! their own SDKs are lax.
//!
//! No state, no I/O but the reading of secrets by reference and, for AWS SNS and PayPal, the
//! certificate that the caller's function fetches; no clock: the caller says what time it is.
//! Replays are not judged here: the ledger knows what was already done.

mod adyen;
mod algorithm;
mod aws_sns;
mod calendly;
mod certificate;
mod der;
pub mod digest;
mod discord;
mod elements;
mod event;
mod github;
mod hmac;
mod hubspot;
mod intercom;
mod linear;
mod mailgun;
mod message;
pub mod message_signature;
mod mollie;
mod paddle;
mod payload;
mod paypal;
mod pem;
mod private_key;
mod public_key;
mod refusal;
mod registry;
mod reply;
mod rfc9421;
mod salesforce;
mod scheme;
mod secrets;
mod sendgrid;
mod shopify;
mod signer;
mod slack;
mod square;
mod standard_webhooks;
mod stripe;
mod svix;
#[cfg(test)]
mod tests;
mod time;
mod twilio;
mod twitch;
mod zoom;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use algorithm::Key;
pub use certificate::FetchPem;
pub use event::Event;
pub use message::{Field, Headers, Message};
pub use payload::Payload;
pub use refusal::Refusal;
pub use reply::Reply;
use scheme::{Genuine, Presented, Scheme, Window};
pub use secrets::Resolve;
use secrets::Secret;
pub use signer::{SignedFields, Signer};

use crate::clock::UnixMs;
use crate::options::{Fields, OptionError, SecretRef, Source, Value};

/// The widest window that can be configured.
const MAX_TOLERANCE_S: i64 = 86_400;

/// Verifies deliveries of one scheme. `Debug` shows no secret.
pub struct Verifier {
    scheme: Box<dyn Scheme>,
    secrets: Vec<Secret>,
    /// `None`: the scheme signs no time, or the options switched the window off.
    tolerance: Option<Duration>,
}

/// A delivery whose signature holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it brings; at least one, but for a mere handshake.
    pub events: Vec<Event>,
    /// What the sender wants as an answer, where it is more than any 2xx.
    pub reply: Option<Reply>,
    /// Which of the configured secrets matched, from 0.
    pub secret_index: usize,
    /// The scheme's name.
    pub scheme: &'static str,
}

impl Verifier {
    /// Checks the options: `secrets`, `secrets_hex`, `secrets_b64`, and `tolerance_s` where the
    /// scheme signs a time (`false` there means that no window is checked).
    ///
    /// # Errors
    /// For an unknown scheme or option, a value out of range, and a literal secret that is empty
    /// or does not decode. Names the field, never a secret.
    pub fn new(scheme: &str, options: &Value) -> Result<Self, OptionError> {
        Self::open(scheme, Fields::new(options)?)
    }

    /// As [`Self::new`], for options that stand at `path` of a larger tree and came from `source`.
    ///
    /// # Errors
    /// As [`Self::new`]; from a file, a literal secret is refused as well.
    pub fn at(
        path: &str,
        scheme: &str,
        options: &Value,
        source: Source,
    ) -> Result<Self, OptionError> {
        Self::open(scheme, Fields::open(path, options.clone(), source)?)
    }

    fn open(name: &str, mut fields: Fields) -> Result<Self, OptionError> {
        let scheme = registry::open(name, &mut fields)?;
        let secrets = secrets::take(&mut fields, scheme.as_ref())?;
        let tolerance = tolerance(&mut fields, scheme.as_ref())?;
        fields.finish()?;
        Ok(Self {
            scheme,
            secrets,
            tolerance,
        })
    }

    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        self.scheme.name()
    }

    /// Verifies a delivery as of `now`; secrets by reference are read as they say.
    ///
    /// # Errors
    /// Why it is refused. [`Refusal::SecretUnavailable`] is no verdict.
    pub fn verify(&self, message: &Message<'_>, now: UnixMs) -> Result<Verified, Refusal> {
        self.verify_with(message, now, &SecretRef::resolve)
    }

    /// As [`Self::verify`], with secrets by reference read by `resolve`.
    ///
    /// # Errors
    /// As [`Self::verify`].
    pub fn verify_with(
        &self,
        message: &Message<'_>,
        now: UnixMs,
        resolve: Resolve<'_>,
    ) -> Result<Verified, Refusal> {
        let no_fetch = |_: &str| Err("no way to fetch it was given".to_owned());
        self.verify_fetching(message, now, resolve, &no_fetch)
    }

    /// As [`Self::verify_with`], for schemes whose key is a certificate that `fetch` gets.
    ///
    /// # Errors
    /// As [`Self::verify`]; a certificate that cannot be had is a secret that cannot be read.
    pub fn verify_fetching(
        &self,
        message: &Message<'_>,
        now: UnixMs,
        resolve: Resolve<'_>,
        fetch: FetchPem<'_>,
    ) -> Result<Verified, Refusal> {
        self.verify_sharing(message, None, now, resolve, fetch)
    }

    /// As [`Self::verify_fetching`]; the events take a share in `body`, the message's own bytes, in
    /// place of a copy.
    ///
    /// # Errors
    /// As [`Self::verify_fetching`].
    pub fn verify_sharing(
        &self,
        message: &Message<'_>,
        body: Option<&Payload>,
        now: UnixMs,
        resolve: Resolve<'_>,
        fetch: FetchPem<'_>,
    ) -> Result<Verified, Refusal> {
        if self.scheme.is_unsigned_handshake(message) {
            return self.handshake(message, resolve);
        }
        if let Some(judged) = self.scheme.judge(message, now, resolve) {
            return judged;
        }
        let presented = self.scheme.read(message)?;
        if let (Some(tolerance), Some(signed_at)) = (self.tolerance, presented.signed_at) {
            signed_at.check(tolerance, now)?;
        }
        let (secret_index, key) = match self.scheme.certificate_url(message)? {
            Some(url) => {
                let key = self.certified(message, &presented, &url, fetch)?;
                (0, Cow::Owned(key))
            }
            None => match self.matching_secret(&presented, resolve) {
                // A secret may have been rolled since its resolver was asked.
                Err(Refusal::NoMatch) if self.forget_kept() => {
                    self.matching_secret(&presented, resolve)?
                }
                found => found?,
            },
        };
        Ok(Verified {
            events: self
                .scheme
                .events(&Genuine::new(message, body), &presented)?,
            reply: self.scheme.reply(message, &key)?,
            secret_index,
            scheme: self.scheme.name(),
        })
    }

    /// A handshake that is not signed: it brings nothing, and is answered under the first secret.
    fn handshake(&self, message: &Message<'_>, resolve: Resolve<'_>) -> Result<Verified, Refusal> {
        let secret = self.secrets.first().ok_or(Refusal::NoMatch)?;
        let key = secret.key(self.scheme.as_ref(), resolve);
        let key = key.map_err(Refusal::SecretUnavailable)?;
        Ok(Verified {
            events: Vec::new(),
            reply: self.scheme.reply(message, &key)?,
            secret_index: 0,
            scheme: self.scheme.name(),
        })
    }

    /// The key of the certificate at this URL, if the delivery holds under it.
    fn certified(
        &self,
        message: &Message<'_>,
        presented: &Presented<'_>,
        url: &str,
        fetch: FetchPem<'_>,
    ) -> Result<Key, Refusal> {
        let unavailable = |why| Refusal::SecretUnavailable(format!("the certificate: {why}"));
        let pem = fetch(url).map_err(unavailable)?;
        let key = self.scheme.certified_key(message, presented, &pem)?;
        if presented.holds(&key) {
            Ok(key)
        } else {
            Err(Refusal::NoMatch)
        }
    }

    /// Drops what resolvers said a while ago; whether there was any.
    fn forget_kept(&self) -> bool {
        let forgotten = self.secrets.iter().map(Secret::forget);
        forgotten.fold(false, |any, one| any | one)
    }

    /// The first secret under which the delivery holds. One that cannot be read does not stop the
    /// others; only when none of them matches, there is no verdict.
    fn matching_secret(
        &self,
        presented: &Presented<'_>,
        resolve: Resolve<'_>,
    ) -> Result<(usize, Cow<'_, Key>), Refusal> {
        let mut refusal = Refusal::UnsupportedAlgorithm;
        for (index, secret) in self.secrets.iter().enumerate() {
            match secret.key(self.scheme.as_ref(), resolve) {
                Ok(key) if presented.holds(&key) => return Ok((index, key)),
                Ok(key) => {
                    if refusal == Refusal::UnsupportedAlgorithm && presented.suits(&key) {
                        refusal = Refusal::NoMatch;
                    }
                }
                Err(problem) => refusal = Refusal::SecretUnavailable(problem),
            }
        }
        Err(refusal)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("scheme", &self.scheme.name())
            .field("secrets", &self.secrets.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// The window: the scheme's own, what the options say, or none.
fn tolerance(fields: &mut Fields, scheme: &dyn Scheme) -> Result<Option<Duration>, OptionError> {
    const KEY: &str = "tolerance_s";
    let default_s = match scheme.window() {
        Window::DefaultS(seconds) => Some(seconds),
        Window::Optional => None,
        Window::Unsigned => {
            return match fields.value(KEY) {
                None | Some(Value::Bool(false)) => Ok(None),
                Some(other) => {
                    let allowed = format!("left out: '{}' signs no time", scheme.name());
                    Err(fields.refuse(KEY, &other, allowed))
                }
            };
        }
    };
    match fields.value(KEY) {
        None => Ok(default_s.map(|seconds| Duration::from_secs(seconds.into()))),
        Some(Value::Bool(false)) => Ok(None),
        Some(Value::Int(s)) if (1..=MAX_TOLERANCE_S).contains(&s) => {
            Ok(Some(Duration::from_secs(s.unsigned_abs())))
        }
        Some(other) => {
            let allowed = format!("an integer from 1 to {MAX_TOLERANCE_S}, or false for no window");
            Err(fields.refuse(KEY, &other, allowed))
        }
    }
}
