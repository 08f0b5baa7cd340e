//! JSON that an answer speaks in to Causeway itself: an identity provider's, a GraphQL server's, the
//! version or time of an entity. The first line is the number of the status and the document.

use causeway::http::parsers::{graphql, token};
use causeway::idempotency::parsers::rank;

/// An answer is read or refused, and no refusal repeats what it holds.
pub(crate) fn run(data: &[u8]) {
    let at = data.iter().position(|b| *b == b'\n').unwrap_or(data.len());
    let (first, body) = data.split_at(at);
    let body = body.get(1..).unwrap_or_default();
    let (number, document) = first.split_first().unwrap_or((&0, &[]));
    let status = [200, 400, 401, 503][usize::from(number % 4)];
    if let Err(message) = token(status, body) {
        assert!(message.len() < 200, "{message}");
    }
    let document = String::from_utf8_lossy(document);
    let _ = graphql(&document, body, body);
    let whole = rank(body, "");
    if let Some(number) = whole {
        assert_eq!(rank(format!(" {number} ").as_bytes(), ""), whole);
    }
    let _ = rank(body, &document);
}
