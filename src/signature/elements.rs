//! Readers of header values that the schemes share: lists of signatures, hex, base64.
//!
//! A list is read with tolerance for what is not ours (other versions, malformed elements are
//! skipped), because vendors add elements; a single signature is read strictly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use memchr::memchr;
use smallvec::smallvec;

use super::algorithm::{Algorithm, Signature, SignatureBytes};
use super::scheme::{MAX_SIGNATURES, Signatures};
use super::time::Stamp;
use super::{Headers, Refusal};

/// What an element of a signature list turned out to be.
pub(crate) enum Element {
    /// A signature of the version that we take.
    Signature(Signature),
    /// Well-formed, but of another version: never used.
    OtherVersion,
    /// Not of the grammar.
    Malformed,
}

impl From<Option<Signature>> for Element {
    fn from(signature: Option<Signature>) -> Self {
        signature.map_or(Self::Malformed, Self::Signature)
    }
}

/// The signatures of a list of elements, some of them not ours.
///
/// Without a single good one the delivery is refused: as unsupported where every element was of
/// another version, else as malformed.
pub(crate) fn collect_signatures<'e>(
    header: &'static str,
    elements: impl Iterator<Item = &'e [u8]>,
    decode: impl Fn(&'e [u8]) -> Element,
) -> Result<Signatures, Refusal> {
    let mut signatures = Signatures::new();
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

/// A header of a time and signatures: `t=<seconds>,v1=<hex>` with the vendor's own names.
pub(crate) struct TimedList {
    /// The header.
    pub(crate) header: &'static str,
    /// Between elements.
    pub(crate) separator: u8,
    /// What the element with the time starts with.
    pub(crate) time: &'static [u8],
    /// The name of a signature of ours.
    pub(crate) version: &'static [u8],
}

/// The time as it was written and as it was read, and the signatures.
pub(crate) type Timed<'h> = (&'h [u8], Stamp, Signatures);

impl TimedList {
    /// Reads the header. A second time is refused: readers differ in which one they take.
    pub(crate) fn read<'h>(&self, headers: &'h Headers<'h>) -> Result<Timed<'h>, Refusal> {
        let header = headers.required(self.header)?;
        let elements = || split(header, self.separator);
        let mut times = elements().filter_map(|element| element.strip_prefix(self.time));
        let (Some(time), None) = (times.next(), times.next()) else {
            return Err(Refusal::MalformedHeader(self.header));
        };
        let signed_at = Stamp::parse(time)?;
        let others = elements().filter(|element| !element.starts_with(self.time));
        let signatures = collect_signatures(self.header, others, |text| self.element(text))?;
        Ok((time, signed_at, signatures))
    }

    /// `v1=<hex>` is ours; `v0=…` is of another version, as it starts with the same letter.
    fn element(&self, text: &[u8]) -> Element {
        match split_once(text, b'=') {
            Some((name, hex)) if name == self.version => {
                hex_signature(Algorithm::HmacSha256, hex).into()
            }
            Some((name, _)) if !name.is_empty() && name.first() == self.version.first() => {
                Element::OtherVersion
            }
            Some(_) | None => Element::Malformed,
        }
    }
}

/// The one signature of a header after a prefix, decoded.
pub(crate) fn one_signature(
    headers: &Headers<'_>,
    name: &'static str,
    prefix: &[u8],
    decode: impl Fn(&[u8]) -> Option<Signature>,
) -> Result<Signatures, Refusal> {
    let header = headers.required(name)?;
    let text = header.strip_prefix(prefix);
    text.and_then(decode)
        .map(|signature| smallvec![signature])
        .ok_or(Refusal::MalformedHeader(name))
}

/// A signature in hex, in either case.
pub(crate) fn hex_signature(algorithm: Algorithm, text: &[u8]) -> Option<Signature> {
    algorithm.signature(hex::decode(text).ok()?)
}

/// A signature in base64, padded and canonical.
pub(crate) fn base64_signature(algorithm: Algorithm, text: &[u8]) -> Option<Signature> {
    let mut bytes = SignatureBytes::from_elem(0, base64::decoded_len_estimate(text.len()));
    let length = STANDARD.decode_slice(text, &mut bytes).ok()?;
    bytes.truncate(length);
    algorithm.signature(bytes)
}

/// The elements of a list.
pub(crate) fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((element, after)) = split_once(text, separator) else {
            rest = None;
            return Some(text);
        };
        rest = Some(after);
        Some(element)
    })
}

/// The text before and after the first `separator`.
pub(crate) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr(separator, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
