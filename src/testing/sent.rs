//! What was sent: one request of one attempt, as it would have left.

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

use crate::clock::UnixMs;

/// A request on its way to a vendor, as the transport is given it.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The connection's name.
    pub connection: &'a str,
    /// The connection's base URI.
    pub base_uri: &'a Url,
    /// The verb.
    pub method: &'a Method,
    /// Where to.
    pub url: &'a Url,
    /// All fields, credentials included.
    pub headers: &'a HeaderMap,
    /// The whole content.
    pub body: &'a Bytes,
}

/// A request in the log. Holds credentials: it is for assertions and never written anywhere.
#[derive(Clone, Debug)]
pub struct SentRequest {
    /// The connection's name.
    pub connection: String,
    /// The connection's base URI.
    pub base_uri: Url,
    /// The verb.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// All fields.
    pub headers: HeaderMap,
    /// The whole content.
    pub body: Bytes,
    /// When, on the wall clock, frozen or not.
    pub at: UnixMs,
    /// What it met: a status, or the name of a fault.
    pub met: Met,
}

/// What a request met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Met {
    /// An answer of this status.
    Status(u16),
    /// This fault.
    Fault(super::Fault),
    /// No rule: it was refused.
    Nothing,
    /// A real vendor, whose answer is not known, or not known yet.
    Vendor,
}

impl Outgoing<'_> {
    /// The entry of the log.
    pub(super) fn sent(&self, at: UnixMs, met: Met) -> SentRequest {
        SentRequest {
            connection: self.connection.to_owned(),
            base_uri: self.base_uri.clone(),
            method: self.method.clone(),
            url: self.url.clone(),
            headers: self.headers.clone(),
            body: self.body.clone(),
            at,
            met,
        }
    }

    /// How a message names it: no field, no body, no query, which may hold credentials.
    pub fn described(&self) -> String {
        let origin = self.url.origin().ascii_serialization();
        format!(
            "{}: {} {origin}{}",
            self.connection,
            self.method,
            self.url.path()
        )
    }
}

impl SentRequest {
    /// The request as a rule sees it.
    pub fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            connection: &self.connection,
            base_uri: &self.base_uri,
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
        }
    }
}
