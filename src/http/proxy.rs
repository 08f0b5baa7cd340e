//! The way around a connection's own: which protocol, and through whom.

use std::fmt;

use url::Url;

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// What the peer chooses in the TLS handshake; HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 alone.
    Http1,
    /// HTTP/2 alone, without TLS by prior knowledge.
    Http2,
}

/// A proxy that all requests of a connection go through. It resolves the targets' names, so that
/// the address guard sees literals alone; its own address is its operator's choice.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy {
    uri: Url,
}

impl Proxy {
    /// The proxy at a checked URL.
    pub fn new(uri: Url) -> Self {
        Self { uri }
    }

    pub(super) fn uri(&self) -> &Url {
        &self.uri
    }
}

impl fmt::Debug for Proxy {
    /// Without user and password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origin = self.uri.origin().ascii_serialization();
        write!(formatter, "Proxy({origin})")
    }
}
