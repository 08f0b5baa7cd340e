//! The target of a request, taken apart as it was written: RFC 9421 sections 2.2.2 to 2.2.8.
//!
//! Nothing is normalised but what the RFC says: scheme and authority in lower case, the scheme's
//! own port dropped from the authority, an empty path is `/`, an absent query is `?`. A URL may be
//! whole, or begin with `/` as PHP's `REQUEST_URI` does: then the authority is the Host field's, and
//! what needs the scheme is not there. Fragments and user names never reach a server: refused.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::form_urlencoded;

use super::super::{Message, Refusal};

/// What application/x-www-form-urlencoded leaves as it is; a space becomes `%20` here.
const FORM: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'*')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_');

/// The parts of a request's target.
pub(crate) struct Target<'m> {
    scheme: Option<String>,
    /// As it was written.
    authority: Option<Cow<'m, str>>,
    path: &'m str,
    /// With its question mark.
    query: Option<&'m str>,
}

impl<'m> Target<'m> {
    pub(crate) fn of(request: &Message<'m>) -> Result<Self, Refusal> {
        let url = request.signed_url()?;
        if url.contains('#') {
            return Err(Refusal::MissingUrl);
        }
        if url.starts_with('/') {
            let host = request.headers.optional("host")?;
            let authority = host.map(String::from_utf8_lossy);
            return Ok(Self::cut(None, authority, url));
        }
        let (scheme, rest) = url.split_once("://").ok_or(Refusal::MissingUrl)?;
        let scheme = scheme.to_ascii_lowercase();
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at(end);
        let is_known = matches!(scheme.as_str(), "http" | "https");
        if !is_known || authority.is_empty() || authority.contains('@') {
            return Err(Refusal::MissingUrl);
        }
        Ok(Self::cut(Some(scheme), Some(authority.into()), rest))
    }

    fn cut(scheme: Option<String>, authority: Option<Cow<'m, str>>, rest: &'m str) -> Self {
        let at = rest.find('?').unwrap_or(rest.len());
        let (path, query) = rest.split_at(at);
        Self {
            scheme,
            authority,
            path: if path.is_empty() { "/" } else { path },
            query: (!query.is_empty()).then_some(query),
        }
    }

    /// `@scheme`.
    pub(crate) fn scheme(&self) -> Result<String, Refusal> {
        self.scheme.clone().ok_or(Refusal::MissingUrl)
    }

    /// `@authority`.
    pub(crate) fn authority(&self) -> Result<String, Refusal> {
        let authority = self.authority.as_ref().ok_or(Refusal::MissingUrl)?;
        let authority = authority.to_ascii_lowercase();
        let port = match self.scheme.as_deref() {
            Some("http") => ":80",
            Some(_) => ":443",
            None => return Ok(authority),
        };
        let without = authority.strip_suffix(port).map(str::to_owned);
        Ok(without.unwrap_or(authority))
    }

    /// `@target-uri`.
    pub(crate) fn uri(&self) -> Result<String, Refusal> {
        let authority = self.authority.as_ref().ok_or(Refusal::MissingUrl)?;
        Ok(format!(
            "{}://{authority}{}",
            self.scheme()?,
            self.request_target()
        ))
    }

    /// `@request-target`, in its usual form.
    pub(crate) fn request_target(&self) -> String {
        format!("{}{}", self.path, self.query.unwrap_or_default())
    }

    /// `@path`.
    pub(crate) fn path(&self) -> String {
        self.path.to_owned()
    }

    /// `@query`.
    pub(crate) fn query(&self) -> String {
        self.query.unwrap_or("?").to_owned()
    }

    /// Whether there is a query that something must cover.
    pub(crate) fn has_query(&self) -> bool {
        self.query.is_some()
    }

    /// `@query-param` of this name, as the RFC encodes names; one that is there twice is refused.
    pub(crate) fn query_param(&self, name: &str) -> Result<String, Refusal> {
        let query = self.query.and_then(|query| query.get(1..));
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let encoded = |text: &str| utf8_percent_encode(text, FORM).to_string();
        let mut values = pairs
            .filter(|(key, _)| encoded(key) == name)
            .map(|(_, value)| encoded(&value));
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (Some(_) | None, _) => Err(Refusal::MissingComponent),
        }
    }
}
