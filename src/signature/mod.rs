//! Webhook signatures: is this delivery from who it says, and which events does it bring?
//!
//! [`Verifier`] holds one scheme with its options. A scheme (`github.rs`, `stripe.rs`, …) only
//! reads a delivery; the decision is made here, once: first the window, then every signature
//! against every secret, on decoded MACs of equal length, in constant time, with a cap of 5 secrets
//! times 10 signatures. Rules: the vendors' pages named in each scheme, read strictly where their
//! own SDKs are lax.
//!
//! No state, no I/O but the reading of secrets by reference, no clock: the caller says what time it
//! is. Replays are not judged here: the ledger knows what was already done.

mod event;
mod github;
mod message;
mod refusal;
mod scheme;
mod secrets;
mod standard_webhooks;
mod stripe;
#[cfg(test)]
mod tests;
mod time;

use std::fmt;
use std::time::Duration;

pub use event::Event;
pub use message::{Headers, Message};
pub use refusal::Refusal;
use ring::hmac;
use scheme::{Presented, Scheme};
pub use secrets::Resolve;
use secrets::Secret;
use subtle::ConstantTimeEq as _;

use crate::clock::UnixMs;
use crate::options::{Fields, OptionError, SecretRef, Source, Value};

/// The widest window that can be configured.
const MAX_TOLERANCE_S: i64 = 86_400;

/// Verifies deliveries of one scheme. `Debug` shows no secret.
pub struct Verifier {
    scheme: &'static dyn Scheme,
    secrets: Vec<Secret>,
    /// `None`: the scheme signs no time, or the options switched the window off.
    tolerance: Option<Duration>,
}

/// A delivery whose signature holds.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What it brings; at least one.
    pub events: Vec<Event>,
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
        let Some(scheme) = scheme::all()
            .into_iter()
            .find(|scheme| scheme.name() == name)
        else {
            let names = scheme::all()
                .map(|scheme| format!("'{}'", scheme.name()))
                .join(", ");
            let got = format!("'{}'", name.escape_debug());
            return Err(OptionError::new(
                fields.name("scheme"),
                got,
                format!("one of {names}"),
            ));
        };
        let secrets = secrets::take(&mut fields, scheme)?;
        let tolerance = tolerance(&mut fields, scheme)?;
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
        let presented = self.scheme.read(message)?;
        if let (Some(tolerance), Some(signed_at)) = (self.tolerance, presented.signed_at) {
            signed_at.check(tolerance, now)?;
        }
        let secret_index = self.matching_secret(&presented, resolve)?;
        let events = self.scheme.events(message, &presented)?;
        Ok(Verified {
            events,
            secret_index,
            scheme: self.scheme.name(),
        })
    }

    /// The first secret under which a signature holds. One that cannot be read does not stop the
    /// others; only when none of them matches, there is no verdict.
    fn matching_secret(
        &self,
        presented: &Presented<'_>,
        resolve: Resolve<'_>,
    ) -> Result<usize, Refusal> {
        let mut refusal = Refusal::NoMatch;
        for (index, secret) in self.secrets.iter().enumerate() {
            match secret.key(self.scheme, resolve) {
                Ok(key) if holds(&key, presented) => return Ok(index),
                Ok(_) => {}
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

/// Whether any of the signatures is the MAC of the signed bytes under this key.
fn holds(key: &hmac::Key, presented: &Presented<'_>) -> bool {
    let mut context = hmac::Context::with_key(key);
    for part in &presented.signed {
        context.update(part);
    }
    let expected = context.sign();
    let is_equal = |signature: &[u8; 32]| expected.as_ref().ct_eq(signature);
    let none = subtle::Choice::from(0);
    presented
        .signatures
        .iter()
        .map(is_equal)
        .fold(none, |any, one| any | one)
        .into()
}

/// The window: the scheme's own, what the options say, or none.
fn tolerance(fields: &mut Fields, scheme: &dyn Scheme) -> Result<Option<Duration>, OptionError> {
    const KEY: &str = "tolerance_s";
    let Some(default_s) = scheme.default_tolerance_s() else {
        return match fields.value(KEY) {
            None | Some(Value::Bool(false)) => Ok(None),
            Some(other) => Err(fields.refuse(
                KEY,
                &other,
                format!("left out: '{}' signs no time", scheme.name()),
            )),
        };
    };
    match fields.value(KEY) {
        None => Ok(Some(Duration::from_secs(default_s.into()))),
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
