//! Which addresses a connection may reach.
//!
//! The decision is a pure function over an IP address; it is taken on literals of the target and,
//! in a resolver of our own, on what a name resolved to, right before connecting: a name that is
//! rebound between two look-ups cannot slip through. Sources: the IANA special-purpose registries
//! for IPv4 and IPv6 (RFC 6890 and its updates), RFC 6052 for NAT64.
//!
//! Three classes: global addresses are free; private ones (loopback, private use, link-local,
//! shared, unique local) only when the connection says `allow_private`; the rest (unspecified,
//! multicast, reserved, documentation, deprecated tunnels) never. An IPv6 form that embeds an IPv4
//! address is judged by that address. Odd spellings (`0x7f.1`, `2130706433`) are not a case of
//! their own: `url::Url` normalises them before they come here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::dns;

/// What a connection allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Options {
    /// Loopback, private, link-local and shared addresses are allowed too.
    pub allow_private: bool,
}

/// What kind of place an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The open internet.
    Global,
    /// This host, this link, this organisation.
    Private,
    /// No place to send a request to.
    Never,
}

/// The target's address is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{host} is at {address}, which this connection may not reach")]
pub struct Refused {
    /// The name or literal that was asked for.
    pub host: String,
    /// One address that was refused.
    pub address: IpAddr,
}

/// Whether an address may be connected to.
pub fn allows(options: Options, address: IpAddr) -> bool {
    match class(address) {
        Class::Global => true,
        Class::Private => options.allow_private,
        Class::Never => false,
    }
}

/// The class of an address.
pub fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => class_v6(v6),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [10 | 127, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..] => Class::Private,
        [0 | 224..=255, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Class::Never,
        _ => Class::Global,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let embedded = || {
        let ([g1, g2], [h1, h2]) = (g.to_be_bytes(), h.to_be_bytes());
        class_v4(Ipv4Addr::new(g1, g2, h1, h2))
    };
    match (a, b) {
        (0, 0) if (c, d, e, f, g, h) == (0, 0, 0, 0, 0, 1) => Class::Private,
        // Mapped: a socket to it is a socket to the IPv4 address.
        (0, 0) if (c, d, e, f) == (0, 0, 0, 0xffff) => embedded(),
        // NAT64's well-known prefix: how an IPv6-only host reaches IPv4.
        (0x64, 0xff9b) if (c, d, e, f) == (0, 0, 0, 0) => embedded(),
        (0xfe80..=0xfebf | 0xfc00..=0xfdff, _) => Class::Private,
        // Teredo, ORCHID and the rest of 2001::/23; documentation; 6to4.
        (0x2001, 0..=0x1ff | 0xdb8) | (0x2002, _) | (0x3fff, 0..=0xfff) => Class::Never,
        (0x2000..=0x3fff, _) => Class::Global,
        _ => Class::Never,
    }
}

/// Leaves the addresses that are allowed.
///
/// # Errors
/// When a name resolved and none of its addresses is allowed.
pub fn filter(
    options: Options,
    host: &str,
    addresses: impl IntoIterator<Item = SocketAddr>,
) -> Result<Vec<SocketAddr>, Refused> {
    let (allowed, refused): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| allows(options, address.ip()));
    match (allowed.is_empty(), refused.first()) {
        (true, Some(address)) => Err(Refused {
            host: host.to_owned(),
            address: address.ip(),
        }),
        (true | false, _) => Ok(allowed),
    }
}

/// Decides on the target's host where it is a literal.
///
/// # Errors
/// When it is one, and not allowed.
pub fn check_literal(options: Options, url: &url::Url) -> Result<(), Refused> {
    let address = match url.host() {
        Some(url::Host::Ipv4(v4)) => IpAddr::V4(v4),
        Some(url::Host::Ipv6(v6)) => IpAddr::V6(v6),
        Some(url::Host::Domain(_)) | None => return Ok(()),
    };
    if allows(options, address) {
        Ok(())
    } else {
        Err(Refused {
            host: address.to_string(),
            address,
        })
    }
}

/// A URL that must not be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlRefused {
    /// It cannot be read, or names no host.
    #[error("it is no URL with a host")]
    Malformed,
    /// Another scheme.
    #[error("the scheme '{0}' is neither http nor https")]
    Scheme(String),
    /// The name has no address.
    #[error("{0} does not resolve")]
    Unknown(String),
    /// The address.
    #[error(transparent)]
    Address(#[from] Refused),
}

/// Decides on a whole URL, before anything is dialled: scheme, literal, and every address that
/// `resolve` has for a name. One that is not allowed is enough: which of them is connected to is
/// not known yet.
///
/// # Errors
/// Why it is refused.
pub fn check_url(
    options: Options,
    url: &str,
    resolve: impl FnOnce(&str) -> Vec<IpAddr>,
) -> Result<(), UrlRefused> {
    let url = url::Url::parse(url).map_err(|_| UrlRefused::Malformed)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlRefused::Scheme(url.scheme().to_owned()));
    }
    let Some(url::Host::Domain(name)) = url.host() else {
        return check_literal(options, &url).map_err(UrlRefused::from);
    };
    let addresses = resolve(name);
    if addresses.is_empty() {
        return Err(UrlRefused::Unknown(name.to_owned()));
    }
    let refused = addresses
        .into_iter()
        .find(|address| !allows(options, *address));
    refused.map_or(Ok(()), |address| {
        let host = name.to_owned();
        Err(Refused { host, address }.into())
    })
}

/// Resolves names with the system's resolver and passes on what is allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GuardedResolver(pub(crate) Options);

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let options = self.0;
        Box::pin(async move {
            let found = dns::resolve(name.as_str()).await?;
            let found = found.into_iter().map(|ip| SocketAddr::new(ip, 0));
            let allowed = filter(options, name.as_str(), found)?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests;
