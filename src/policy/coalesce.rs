//! Which calls are equal enough to share one answer.
//!
//! Off unless a connection says `coalesce`: a GET that hands out something else each time (a
//! ticket, a nonce) must not be shared. Shared are only GET and HEAD without content, between
//! calls of which one began while the other was under way: this is no cache. The key is a hash of
//! all that may change the answer: connection, method, URL, every request field that `Vary` may
//! name, and who is asking, credentials included. Fields that tell calls apart and nothing else
//! (correlation id, trace context) stay out of it.
//!
//! A count of the connection's writes is part of the key too: a call with an unsafe method changes
//! it before and after, so that nobody who wrote is handed an answer that was under way before.

use http::{HeaderMap, Method};
use ring::digest::{Context, SHA256};

/// Fields that are new with every call.
const OF_THE_CALL: [&str; 4] = [
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "x-request-id",
];

/// What makes two calls equal.
#[derive(Clone, Copy, Debug)]
pub struct Call<'call> {
    /// Namespace and name of the connection.
    pub connection: (&'call str, &'call str),
    /// A hash of the connection's credentials.
    pub identity: &'call [u8],
    /// Writes of the connection so far.
    pub writes: u64,
    /// The verb.
    pub method: &'call Method,
    /// Where to.
    pub url: &'call str,
    /// The fields that are sent.
    pub headers: &'call HeaderMap,
}

/// Whether a call may share an answer.
pub fn may_share(method: &Method, has_content: bool) -> bool {
    !has_content && (method == Method::GET || method == Method::HEAD)
}

/// The key under which equal calls meet.
pub fn key(call: &Call) -> [u8; 32] {
    let mut hash = Context::new(&SHA256);
    let mut add = |part: &[u8]| {
        hash.update(&(part.len() as u64).to_le_bytes());
        hash.update(part);
    };
    add(call.connection.0.as_bytes());
    add(call.connection.1.as_bytes());
    add(call.identity);
    add(&call.writes.to_le_bytes());
    add(call.method.as_str().as_bytes());
    add(call.url.as_bytes());
    let mut names: Vec<&str> = call.headers.keys().map(http::HeaderName::as_str).collect();
    names.retain(|name| !OF_THE_CALL.contains(name));
    names.sort_unstable();
    for name in names {
        add(name.as_bytes());
        for value in call.headers.get_all(name) {
            add(value.as_bytes());
        }
        // Ends the values, so that none can be taken for the next name.
        add(b"");
    }
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(hash.finish().as_ref()) {
        *to = *from;
    }
    key
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    fn key_of<'call>(change: impl Fn(&mut Call<'call>)) -> [u8; 32] {
        static HEADERS: std::sync::OnceLock<HeaderMap> = std::sync::OnceLock::new();
        let plain = headers(&[("accept", "application/json"), ("x-correlation-id", "1")]);
        let mut call = Call {
            connection: ("shop", "catalog"),
            identity: b"client",
            writes: 3,
            method: &Method::GET,
            url: "https://api.vendor.example/v1/products?page=1",
            headers: HEADERS.get_or_init(|| plain),
        };
        change(&mut call);
        key(&call)
    }

    #[test]
    fn whatever_may_change_the_answer_changes_the_key() {
        let plain = key_of(|_| {});
        let none = headers(&[]);
        let other = headers(&[("accept", "text/html")]);
        let twice = headers(&[("accept", "application/json"), ("accept", "text/html")]);
        let authorized = headers(&[
            ("accept", "application/json"),
            ("authorization", "Bearer a"),
        ]);
        let keys = [
            plain,
            key_of(|call| call.connection = ("shopc", "atalog")),
            key_of(|call| call.identity = b"other"),
            key_of(|call| call.writes = 4),
            key_of(|call| call.method = &Method::HEAD),
            key_of(|call| call.url = "https://api.vendor.example/v1/products?page=2"),
            key_of(|call| call.headers = &none),
            key_of(|call| call.headers = &other),
            key_of(|call| call.headers = &twice),
            key_of(|call| call.headers = &authorized),
        ];
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len());
    }

    #[test]
    fn what_is_the_calls_own_does_not() {
        let same = headers(&[
            ("traceparent", "00-x"),
            ("x-correlation-id", "2"),
            ("accept", "application/json"),
        ]);
        assert_eq!(key_of(|_| {}), key_of(|call| call.headers = &same));
    }

    #[test]
    fn reads_without_content_alone_are_shared() {
        let rows = [
            (Method::GET, false, true),
            (Method::HEAD, false, true),
            (Method::GET, true, false),
            (Method::POST, false, false),
            (Method::OPTIONS, false, false),
        ];
        for (method, has_content, expected) in rows {
            assert_eq!(may_share(&method, has_content), expected, "{method}");
        }
    }
}
