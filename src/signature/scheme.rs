//! What a scheme is: the one trait behind which each of them lives in a file of its own.
//!
//! A scheme only reads. It says which bytes were signed, which signatures came and at what time;
//! the core in `mod.rs` compares, checks the window and decides, so that no scheme can get one of
//! these wrong in a way of its own. A scheme is added by its file and one line in [`all`].

use super::time::Stamp;
use super::{Event, Message, Refusal, github, standard_webhooks, stripe};

/// Signatures of one delivery that are looked at; the rest is ignored. With the cap on secrets it
/// bounds the work that a forged header can cause.
pub(crate) const MAX_SIGNATURES: usize = 10;

/// Every scheme that there is.
pub(crate) fn all() -> [&'static dyn Scheme; 3] {
    [
        &standard_webhooks::StandardWebhooks,
        &github::GitHub,
        &stripe::Stripe,
    ]
}

/// One vendor's, or one standard's, way to sign deliveries with HMAC-SHA256.
pub(crate) trait Scheme: Sync {
    /// Its name in options: `standard-webhooks`.
    fn name(&self) -> &'static str;

    /// The tolerance where none is configured, in seconds; `None` where the scheme signs no time.
    fn default_tolerance_s(&self) -> Option<u32>;

    /// The key's bytes in a secret as the vendor writes it, or `None` when it is not of that form.
    fn key_bytes(&self, written: &[u8]) -> Option<Vec<u8>> {
        Some(written.to_vec())
    }

    /// Reads headers and body. Malformed elements of a list are skipped.
    fn read<'m>(&self, message: &Message<'m>) -> Result<Presented<'m>, Refusal>;

    /// The events of a delivery whose signature holds.
    fn events(
        &self,
        message: &Message<'_>,
        presented: &Presented<'_>,
    ) -> Result<Vec<Event>, Refusal>;
}

/// What a delivery presents as its proof.
pub(crate) struct Presented<'m> {
    /// The signed bytes in pieces, so that the body is not copied.
    pub(crate) signed: Vec<&'m [u8]>,
    /// Decoded signatures, at least one, at most [`MAX_SIGNATURES`].
    pub(crate) signatures: Vec<[u8; 32]>,
    /// The signed time, where the scheme has one.
    pub(crate) signed_at: Option<Stamp>,
}

/// The signatures of a list of elements, some of them not ours.
///
/// Without a single good one the delivery is refused: as unsupported where every element was of
/// another version, else as malformed.
pub(crate) fn collect_signatures<'e>(
    header: &'static str,
    elements: impl Iterator<Item = &'e [u8]>,
    decode: impl Fn(&'e [u8]) -> Element,
) -> Result<Vec<[u8; 32]>, Refusal> {
    let mut signatures = Vec::new();
    let mut has_other_version = false;
    let mut has_malformed = false;
    for element in elements {
        match decode(element) {
            Element::Signature(signature) if signatures.len() < MAX_SIGNATURES => {
                signatures.push(signature)
            }
            Element::Signature(_) => break,
            Element::OtherVersion => has_other_version = true,
            Element::Malformed => has_malformed = true,
        }
    }
    if !signatures.is_empty() {
        return Ok(signatures);
    }
    Err(if has_other_version && !has_malformed {
        Refusal::UnsupportedAlgorithm
    } else {
        Refusal::MalformedHeader(header)
    })
}

/// What an element of a signature list turned out to be.
pub(crate) enum Element {
    /// A signature of the version that we take.
    Signature([u8; 32]),
    /// Well-formed, but of another version: never used.
    OtherVersion,
    /// Not of the grammar.
    Malformed,
}

/// A MAC in hex, in either case.
pub(crate) fn hex_mac(text: &[u8]) -> Option<[u8; 32]> {
    let mut mac = [0; 32];
    hex::decode_to_slice(text, &mut mac).ok()?;
    Some(mac)
}

/// The text before and after the first `separator`.
pub(crate) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|b| *b == separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
