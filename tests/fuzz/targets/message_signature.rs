//! RFC 9421: structured fields, components, targets, bases. The first line is the URL; a second
//! body-less message is the request of a response.

use causeway::clock::UnixMs;
use causeway::options::{SecretRef, Value};
use causeway::signature::message_signature::{HttpMessage, HttpResponse, MessageVerifier};
use causeway::signature::{Headers, Message};

use super::request;

thread_local! {
    static VERIFIER: MessageVerifier = verifier();
}

fn verifier() -> MessageVerifier {
    let key = [("algorithm", "hmac-sha256"), ("secret", "k")];
    let key = Value::map(key.map(|(k, v)| (k, Value::from(v))));
    let options = Value::map([
        ("keys", Value::list([key])),
        ("required", Value::list([])),
        ("tolerance_s", Value::Bool(false)),
    ]);
    MessageVerifier::new(&options).expect("the options are good")
}

/// No forgery holds, and every base that can be made ends with its parameters.
pub(crate) fn run(data: &[u8]) {
    let (url, fields, body) = request::of(data);
    let headers = Headers::new(fields);
    let url = String::from_utf8_lossy(url);
    let asked = Message {
        body,
        headers: &headers,
        method: "POST",
        url: &url,
    };
    let answer = HttpResponse {
        status: 200,
        headers: &headers,
        body,
        request: Some(asked),
    };
    for message in [HttpMessage::Request(asked), HttpMessage::Response(answer)] {
        if let Ok(base) = MessageVerifier::base(&message, None) {
            let text = String::from_utf8(base).expect("a base is ASCII");
            let last = text.lines().last().unwrap_or_default();
            assert!(last.starts_with("\"@signature-params\": ("), "{text}");
        }
        let found = VERIFIER.with(|v| v.verify(&message, UnixMs(1), &SecretRef::resolve));
        assert!(found.is_err(), "a forgery was accepted");
    }
}
