//! HTTP message signatures (RFC 9421): who sent this request or response, and is it whole?
//!
//! `target.rs` takes a request's URL apart, `component.rs` gives the value of each covered component
//! (section 2), `input.rs` reads `Signature-Input` and `Signature` and writes the signature base
//! (2.5, 4), `coverage.rs` says what must be covered, `keys.rs` holds the keys and their algorithms
//! (3.3); [`MessageVerifier`] and [`MessageSigner`] are the two procedures (3.1, 3.2).
//!
//! Structured fields are parsed and written by the crate `sfv`. Trailers (`tr`) are not supported:
//! PHP has none. No clock, no I/O but the reading of secrets by reference.

mod component;
mod coverage;
mod input;
mod keys;
mod signer;
mod target;
#[cfg(test)]
mod tests;
mod verifier;

pub use signer::MessageSigner;
pub use verifier::{MessageSignature, MessageVerifier};

use super::{Headers, Message};

/// A message that is signed: borrowed from the caller.
#[derive(Clone, Copy, Debug)]
pub enum HttpMessage<'m> {
    /// A request.
    Request(Message<'m>),
    /// A response.
    Response(HttpResponse<'m>),
}

/// A response that is signed.
#[derive(Clone, Copy, Debug)]
pub struct HttpResponse<'m> {
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub headers: &'m Headers<'m>,
    /// Its content, as it came over the wire.
    pub body: &'m [u8],
    /// The request that it answers, for components with `req`.
    pub request: Option<Message<'m>>,
}

impl<'m> HttpMessage<'m> {
    pub(crate) fn headers(&self) -> &'m Headers<'m> {
        match self {
            Self::Request(request) => request.headers,
            Self::Response(response) => response.headers,
        }
    }

    pub(crate) fn body(&self) -> &'m [u8] {
        match self {
            Self::Request(request) => request.body,
            Self::Response(response) => response.body,
        }
    }

    /// The status; 200 for a request, whose digests are judged as of a plain answer.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Self::Request(_) => 200,
            Self::Response(response) => response.status,
        }
    }
}
