use super::{Verdict, is_query, verdict};
use crate::http::driver::tests::client;
use crate::http::scripted::{Step, Vendor};
use crate::http::{CallErrorKind, NoHost, Request};

const DOCUMENT: &str = "{__typename}";
/// As Apollo publishes it.
const HASH: &str = "ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38";

fn refusal(status: u16, code: &str) -> Step {
    let body = format!(r#"{{"errors":[{{"message":"x","extensions":{{"code":"{code}"}}}}]}}"#);
    Step::Answer(status, "", body)
}

fn data() -> Step {
    Step::Answer(200, "", r#"{"data":{"__typename":"Query"}}"#.to_owned())
}

fn bodies(vendor: &Vendor) -> Vec<String> {
    let body = |request: &String| request.split_once("\r\n\r\n").unwrap().1.to_owned();
    vendor.received().iter().map(body).collect()
}

#[test]
fn a_known_hash_is_all_that_is_sent() {
    let vendor = Vendor::start(vec![data()]);
    let request = Request::new(http::Method::POST, "graphql");
    let answer =
        client(&vendor, vec![]).graphql(&request, DOCUMENT, br#"{"id":9007199254740993}"#, &NoHost);
    assert_eq!(
        (answer.as_ref().unwrap().status, answer.unwrap().attempts),
        (200, 1)
    );
    let expected = format!(
        r#"{{"variables":{{"id":9007199254740993}},"extensions":{{"persistedQuery":{{"version":1,"sha256Hash":"{HASH}"}}}}}}"#
    );
    assert_eq!(bodies(&vendor), [expected]);
}

#[test]
fn a_miss_sends_hash_and_text_once_whatever_its_status() {
    for status in [200, 404] {
        let vendor = Vendor::start(vec![refusal(status, "PERSISTED_QUERY_NOT_FOUND"), data()]);
        let request = Request::new(http::Method::POST, "graphql");
        let answer = client(&vendor, vec![])
            .graphql(&request, DOCUMENT, b"", &NoHost)
            .unwrap();
        assert_eq!((answer.status, answer.attempts), (200, 2));
        let bodies = bodies(&vendor);
        assert_eq!(bodies.len(), 2);
        assert!(!bodies[0].contains(DOCUMENT) && bodies[0].contains(HASH));
        assert!(bodies[1].contains(DOCUMENT) && bodies[1].contains(HASH));
    }
}

#[test]
fn a_server_without_persisted_queries_is_not_asked_again() {
    let vendor = Vendor::start(vec![
        refusal(200, "PERSISTED_QUERY_NOT_SUPPORTED"),
        data(),
        data(),
    ]);
    let client = client(&vendor, vec![]);
    let request = Request::new(http::Method::POST, "graphql");
    for _ in 0..2 {
        assert_eq!(
            client
                .graphql(&request, DOCUMENT, b"", &NoHost)
                .unwrap()
                .status,
            200
        );
    }
    let bodies = bodies(&vendor);
    assert_eq!(bodies.len(), 3);
    assert!(
        bodies[1..]
            .iter()
            .all(|body| body.contains(DOCUMENT) && !body.contains(HASH))
    );
}

#[test]
fn variables_must_be_an_object() {
    let vendor = Vendor::start(vec![data()]);
    let client = client(&vendor, vec![]);
    for variables in [&b"[1]"[..], b"{", b"7", b"\xff"] {
        let request = Request::new(http::Method::POST, "graphql");
        let error = client
            .graphql(&request, DOCUMENT, variables, &NoHost)
            .unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::BadRequest), "{error:?}");
    }
    assert_eq!(vendor.received().len(), 0);
}

#[test]
fn only_queries_may_be_repeated() {
    let rows = [
        ("{ a }", true),
        ("query Q { a }", true),
        ("# mutation\nquery Q { a }", true),
        ("fragment F on T { a } query { ...F }", true),
        ("mutation { a }", false),
        ("subscription { a }", false),
        ("query Q { a } mutation M { b }", false),
        ("", false),
        ("nonsense", false),
    ];
    for (document, expected) in rows {
        assert_eq!(is_query(document), expected, "{document}");
    }
}

#[test]
fn verdicts() {
    let rows: [(&[u8], Verdict); 6] = [
        (br#"{"data":{}}"#, Verdict::Answered),
        (b"<html>", Verdict::Answered),
        (
            br#"{"errors":[{"message":"PersistedQueryNotFound"}]}"#,
            Verdict::NotFound,
        ),
        (
            br#"{"errors":[{"message":"PersistedQueryNotSupported"}]}"#,
            Verdict::NotSupported,
        ),
        (
            br#"{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"OTHER"}}]}"#,
            Verdict::Answered,
        ),
        (br#"{"errors":"PersistedQueryNotFound"}"#, Verdict::Answered),
    ];
    for (body, expected) in rows {
        assert_eq!(verdict(body), expected, "{}", String::from_utf8_lossy(body));
    }
}
