//! `Causeway\Testing\SentRequest`: one request that a fake vendor was sent.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::value;
use crate::testing::{Met, SentRequest};

/// One request that a fake vendor was sent: each attempt is one, and so is the request for a token.
/// Holds credentials, and shows them to nobody who does not ask for the field by name.
#[php_class]
#[php(name = "Causeway\\Testing\\SentRequest", flags = ClassFlags::Final)]
pub struct PhpSentRequest {
    sent: SentRequest,
}

impl PhpSentRequest {
    pub(super) fn new(sent: SentRequest) -> Self {
        Self { sent }
    }

    fn values_of(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let values = self.sent.headers.get_all(name.to_ascii_lowercase());
        values.iter().map(http::HeaderValue::as_bytes)
    }
}

#[php_impl]
impl PhpSentRequest {
    /// The connection's name.
    #[php(name = "connection")]
    pub fn connection(&self) -> String {
        self.sent.connection.clone()
    }

    /// The verb, as it is sent.
    #[php(name = "getMethod")]
    pub fn method(&self) -> String {
        self.sent.method.as_str().to_owned()
    }

    /// The whole URI, query included.
    #[php(name = "getUri")]
    pub fn uri(&self) -> String {
        self.sent.url.to_string()
    }

    /// The query's parameters, decoded, each with its values in order.
    ///
    /// @return array<string, list<string>>
    #[php(name = "query")]
    pub fn query(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let pairs: Vec<_> = self.sent.url.query_pairs().collect();
        let mut query = ZendHashTable::new();
        for (name, _) in &pairs {
            let values = pairs.iter().filter(|pair| pair.0 == *name);
            let values = value::list(values.map(|pair| value::bytes(pair.1.as_bytes())))?;
            query.insert(name.as_ref(), values)?;
        }
        Ok(query)
    }

    /// The field's values, one for each line.
    ///
    /// @return list<string>
    #[php(name = "getHeader")]
    pub fn header(&self, name: &str) -> PhpResult<ZBox<ZendHashTable>> {
        value::list(self.values_of(name).map(value::bytes))
    }

    /// The field's values joined by a comma, empty when it is not there.
    ///
    /// @return string
    #[php(name = "getHeaderLine")]
    pub fn header_line(&self, name: &str) -> Zval {
        value::bytes(&self.values_of(name).collect::<Vec<_>>().join(&b", "[..]))
    }

    /// Whether the field is there; names are compared without case.
    #[php(name = "hasHeader")]
    pub fn has_header(&self, name: &str) -> bool {
        self.values_of(name).next().is_some()
    }

    /// Names of all fields, in lower case.
    ///
    /// @return list<string>
    #[php(name = "headerNames")]
    pub fn header_names(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let names = self.sent.headers.keys();
        value::list(names.map(|name| value::bytes(name.as_str().as_bytes())))
    }

    /// The whole body as bytes.
    ///
    /// @return string
    #[php(name = "text")]
    pub fn text(&self) -> Zval {
        value::bytes(&self.sent.body)
    }

    /// The body decoded as Response::json() does.
    ///
    /// @throws \JsonException
    ///   When it is no JSON, or nested deeper than $depth.
    #[php(name = "json", defaults(depth = 128))]
    pub fn json(&self, depth: i64) -> PhpResult<Zval> {
        value::json_decode(&self.sent.body, depth)
    }

    /// When it was sent on the wall clock, frozen or not: Unix milliseconds.
    #[php(name = "atMs")]
    pub fn at_ms(&self) -> i64 {
        self.sent.at.0
    }

    /// The status that answered it, NULL for a fault and for a request that was refused.
    #[php(name = "status")]
    pub fn status(&self) -> Option<i64> {
        match self.sent.met {
            Met::Status(status) => Some(i64::from(status)),
            Met::Fault(_) | Met::Nothing | Met::Vendor => None,
        }
    }

    /// The name of the fault that it met, NULL for none.
    #[php(name = "fault")]
    pub fn fault(&self) -> Option<&'static str> {
        match self.sent.met {
            Met::Fault(fault) => Some(fault.name()),
            Met::Status(_) | Met::Nothing | Met::Vendor => None,
        }
    }

    /// How messages name it: connection, verb and URI without its query.
    #[php(name = "__toString")]
    pub fn describe(&self) -> String {
        self.sent.outgoing().described()
    }
}
