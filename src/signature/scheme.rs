//! What a scheme is: the one trait behind which each of them lives in a file of its own.
//!
//! A scheme only reads. It says which bytes were signed, which signatures came and at what time;
//! the core in `mod.rs` compares, checks the window and decides, so that no scheme can get one of
//! these wrong in a way of its own. A scheme is added by its file and one line in `registry.rs`.

use std::borrow::Cow;
use std::ops::Deref;

use smallvec::{SmallVec, smallvec};

use super::algorithm::{Algorithm, Key, Signature};
use super::event::sha256_hex;
use super::secrets::Resolve;
use super::time::Stamp;
use super::{Event, Message, Payload, Refusal, Reply, Verified};
use crate::clock::UnixMs;

/// Signatures of one delivery that are looked at; the rest is ignored. With the cap on secrets it
/// bounds the work that a forged header can cause.
pub(crate) const MAX_SIGNATURES: usize = 10;
/// Items of a body that is a list of events.
const MAX_EVENTS: usize = 10_000;

/// One vendor's, or one standard's, way to sign deliveries.
pub(crate) trait Scheme: Send + Sync {
    /// Its name in options: `standard-webhooks`.
    fn name(&self) -> &'static str;

    /// The window around the signed time.
    fn window(&self) -> Window;

    /// The key of a secret's bytes.
    fn key(&self, bytes: &[u8]) -> Key {
        Key::hmac_sha256(bytes)
    }

    /// The bytes in a secret as the vendor writes it, or `None` when it is not of that form.
    fn secret_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        Some(written.to_vec())
    }

    /// The algorithm of public keys, where the vendor signs with a private one.
    fn public_algorithm(&self) -> Option<Algorithm> {
        None
    }

    /// A public key as the vendor writes it, or `None` when it is not of that form.
    fn public_key(&self, _written: &[u8]) -> Option<Key> {
        None
    }

    /// Whether the vendor signs with a secret that both sides have.
    fn has_secrets(&self) -> bool {
        true
    }

    /// Reads headers and body. Malformed elements of a list are skipped.
    fn read<'m>(&'m self, message: &Message<'m>) -> Result<Presented<'m>, Refusal>;

    /// Where the id is, for schemes whose one event is the body.
    fn id_at(&self) -> IdAt {
        IdAt::Nowhere
    }

    /// The events of a delivery whose signature holds; none for a mere handshake.
    fn events(
        &self,
        message: &Genuine<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal> {
        let id = match self.id_at() {
            IdAt::Header(name) => message.headers.optional_token(name)?,
            IdAt::Body(_) | IdAt::Nowhere => presented.id,
        };
        let event = body_event(self.name(), message, presented, |event| {
            match self.id_at() {
                IdAt::Body(pointer) => event.pointer_id(pointer),
                IdAt::Header(_) | IdAt::Nowhere => id.map(str::to_owned),
            }
        });
        Ok(vec![event])
    }

    /// What the sender of a delivery whose signature holds wants as an answer.
    fn reply(&self, _message: &Message<'_>, _key: &Key) -> Result<Option<Reply>, Refusal> {
        Ok(None)
    }

    /// Where the certificate is that a delivery names as its key's; from a pinned host alone.
    fn certificate_url(&self, _message: &Message<'_>) -> Result<Option<String>, Refusal> {
        Ok(None)
    }

    /// The key in that certificate, once it was fetched and if it may be trusted.
    fn certified_key(
        &self,
        _message: &Message<'_>,
        _presented: &Presented<'_>,
        _pem: &[u8],
    ) -> Result<Key, Refusal> {
        Err(Refusal::NoMatch)
    }

    /// The verdict of a scheme that has its own keys and chooses among them by the message; `None`
    /// where the core decides.
    fn judge(
        &self,
        _message: &Message<'_>,
        _now: UnixMs,
        _resolve: Resolve<'_>,
    ) -> Option<Result<Verified, Refusal>> {
        None
    }

    /// Whether the message is a handshake that needs no signature; [`Self::reply`] answers it.
    fn is_unsigned_handshake(&self, _message: &Message<'_>) -> bool {
        false
    }
}

/// Where a delivery has the id of its event; without one it is the hash of the signed bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdAt {
    /// In a header.
    Header(&'static str),
    /// In the body, at this JSON pointer.
    Body(&'static str),
    /// The vendor sends none, or reading the delivery finds it.
    Nowhere,
}

/// Whether a scheme has a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Window {
    /// No time is signed.
    Unsigned,
    /// So many seconds where none are configured.
    DefaultS(u32),
    /// A time is signed, but the vendor keeps no window: one is checked only where configured.
    Optional,
}

/// What a delivery presents as its proof.
pub(crate) struct Presented<'m> {
    /// What must hold, every one of them; at least one.
    pub(crate) claims: SmallVec<[Claim<'m>; 1]>,
    /// The signed time, where the scheme has one.
    pub(crate) signed_at: Option<Stamp>,
    /// The event's id, where reading the delivery found it already.
    pub(crate) id: Option<&'m str>,
}

/// A delivery whose signature holds, and who holds its body.
pub(crate) struct Genuine<'m> {
    message: &'m Message<'m>,
    /// The body's bytes, where the events may take a share in them.
    shared: Option<&'m Payload>,
}

impl<'m> Genuine<'m> {
    pub(crate) fn new(message: &'m Message<'m>, shared: Option<&'m Payload>) -> Self {
        Self { message, shared }
    }

    /// The event that is the whole body, without an id so far.
    pub(crate) fn event(&self, source: &'static str) -> Event {
        let payload = self.shared.cloned();
        let payload = payload.unwrap_or_else(|| self.message.body.into());
        Event::new(source, "", payload)
    }
}

impl<'m> Deref for Genuine<'m> {
    type Target = Message<'m>;

    fn deref(&self) -> &Message<'m> {
        self.message
    }
}

/// The signed bytes in pieces, so that the body is not copied.
pub(crate) type Pieces<'m> = SmallVec<[Cow<'m, [u8]>; 5]>;

/// Decoded signatures of a claim; nearly always one.
pub(crate) type Signatures = SmallVec<[Signature; 1]>;

/// Something that is signed.
pub(crate) struct Claim<'m> {
    /// The signed bytes; several where it is not known how the sender wrote them, one must hold.
    pub(crate) readings: SmallVec<[Pieces<'m>; 1]>,
    /// Decoded signatures, at least one, at most [`MAX_SIGNATURES`].
    pub(crate) signatures: Signatures,
}

impl<'m> Presented<'m> {
    /// One claim over these bytes.
    pub(crate) fn new<const N: usize>(
        signed: [&'m [u8]; N],
        signatures: Signatures,
        signed_at: Option<Stamp>,
    ) -> Self {
        let pieces = signed.into_iter().map(Cow::Borrowed).collect();
        Self {
            claims: smallvec![Claim {
                readings: smallvec![pieces],
                signatures,
            }],
            signed_at,
            id: None,
        }
    }

    /// The same, of an event with this id.
    pub(crate) fn with_id(mut self, id: &'m str) -> Self {
        self.id = Some(id);
        self
    }

    /// Whether a key is of an algorithm that came.
    pub(crate) fn suits(&self, key: &Key) -> bool {
        let mut all = self.claims.iter().flat_map(|claim| &claim.signatures);
        all.any(|signature| key.fits(signature))
    }

    /// Whether every claim holds under the key.
    pub(crate) fn holds(&self, key: &Key) -> bool {
        let claim_holds = |claim: &Claim<'_>| {
            let mut readings = claim.readings.iter();
            readings.any(|pieces| key.holds(pieces, &claim.signatures))
        };
        !self.claims.is_empty() && self.claims.iter().all(claim_holds)
    }

    /// The id of a delivery that has none: the hash of its signed bytes, of their first reading.
    pub(crate) fn hash(&self) -> String {
        let pieces = self
            .claims
            .iter()
            .filter_map(|claim| claim.readings.first());
        let pieces: Vec<&[u8]> = pieces.flatten().map(AsRef::as_ref).collect();
        sha256_hex(&pieces)
    }
}

/// The one event that is the body, by its id or else by the hash of the signed bytes.
pub(crate) fn body_event(
    source: &'static str,
    message: &Genuine<'_>,
    presented: &Presented<'_>,
    id: impl FnOnce(&Event) -> Option<String>,
) -> Event {
    let time_ms = presented.signed_at.map(Stamp::as_ms);
    let event = message.event(source).with_time_ms(time_ms);
    let id = id(&event).unwrap_or_else(|| presented.hash());
    event.with_id(id)
}

/// The events of a body that is a JSON list; each has its own JSON, written compactly, as payload,
/// so that one that comes again in another batch has the same checksum.
pub(crate) fn list_events(
    source: &'static str,
    message: &Genuine<'_>,
    presented: &Presented<'_>,
    id: impl Fn(&Event) -> Option<String>,
) -> Result<Vec<Event>, Refusal> {
    let items: Vec<serde_json::Value> =
        serde_json::from_slice(message.body).map_err(|_| Refusal::MalformedBody)?;
    if items.len() > MAX_EVENTS {
        return Err(Refusal::MalformedBody);
    }
    if items.is_empty() {
        return Ok(vec![body_event(source, message, presented, |_| None)]);
    }
    let time_ms = presented.signed_at.map(Stamp::as_ms);
    let event = |item: &serde_json::Value| {
        let payload = item.to_string();
        let event = Event::new(source, "", payload.into_bytes()).with_time_ms(time_ms);
        let id = id(&event).unwrap_or_else(|| sha256_hex(&[event.payload()]));
        event.with_id(id)
    };
    Ok(items.iter().map(event).collect())
}
