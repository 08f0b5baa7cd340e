use super::prepare;
use crate::http::Request;
use crate::options::{Plan, Value};

fn plan(more: Vec<(&str, Value)>) -> Plan {
    let headers = Value::map([("Accept", Value::from("a/b")), ("X-Key", Value::from("k"))]);
    let mut options = vec![
        ("base_uri", Value::from("https://api.example/v1")),
        ("headers", headers),
    ];
    options.extend(more);
    Plan::parse("catalog", &Value::map(options)).unwrap()
}

fn request(target: &str) -> Request {
    Request::new(http::Method::GET, target)
}

#[test]
fn targets() {
    let rows = [
        ("products/42", "https://api.example/v1/products/42"),
        ("", "https://api.example/v1/"),
        ("/products", "https://api.example/products"),
        ("?a=b", "https://api.example/v1/?a=b"),
        ("a b#f", "https://api.example/v1/a%20b"),
        ("https://api.example:443/x", "https://api.example/x"),
        ("https://other.example/x", "https://other.example/x"),
    ];
    for (target, expected) in rows {
        let wire = prepare(&plan(vec![]), &request(target), None, "id").unwrap();
        assert_eq!(wire.url.as_str(), expected, "{target}");
    }
}

#[test]
fn the_query_is_added_and_escaped() {
    let mut request = request("x?a=1");
    request.query = vec![("b".into(), "2 &é".into()), ("b".into(), "3".into())];
    let wire = prepare(&plan(vec![]), &request, None, "id").unwrap();
    assert_eq!(wire.url.query(), Some("a=1&b=2+%26%C3%A9&b=3"));
}

#[test]
fn targets_that_cannot_be_sent() {
    let rows = [
        "ftp://api.example/",
        "file:///etc/passwd",
        "https://u:p@api.example/",
        "http://",
    ];
    for target in rows {
        let refusal = prepare(&plan(vec![]), &request(target), None, "id").unwrap_err();
        assert!(!refusal.contains("u:p"), "{refusal}");
    }
}

#[test]
fn fields_of_the_call_replace_the_connections() {
    let mut request = request("x");
    request.headers = vec![
        ("accept".into(), b"c/d".to_vec()),
        ("Via".into(), b"1".to_vec()),
        ("via".into(), b"2".to_vec()),
    ];
    let wire = prepare(&plan(vec![]), &request, None, "id").unwrap();
    let all = |name: &str| {
        wire.headers
            .get_all(name)
            .iter()
            .map(|v| v.to_str().unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (all("accept"), all("via"), all("x-key")),
        (vec!["c/d"], vec!["1", "2"], vec!["k"])
    );
}

#[test]
fn the_connections_fields_stay_at_their_origin() {
    let wire = prepare(
        &plan(vec![]),
        &request("https://other.example/"),
        None,
        "id",
    )
    .unwrap();
    assert!(wire.headers.get("x-key").is_none());
    for other in [
        "https://other.example/",
        "http://api.example/v1/",
        "https://api.example:8443/",
    ] {
        let bearer = Value::map([("type", Value::from("bearer")), ("token", Value::from("t"))]);
        let refusal =
            prepare(&plan(vec![("auth", bearer)]), &request(other), None, "id").unwrap_err();
        assert!(
            refusal.contains("credentials do not cross origins"),
            "{refusal}"
        );
    }
}

#[test]
fn fields_that_cannot_be_sent() {
    let rows = [
        ("a b", "x"),
        ("", "x"),
        ("Host", "x"),
        ("x", "a\r\nb: c"),
        ("x", "a\0"),
    ];
    for (name, value) in rows {
        let mut request = request("x");
        request.headers = vec![(name.to_owned(), value.as_bytes().to_vec())];
        assert!(
            prepare(&plan(vec![]), &request, None, "id").is_err(),
            "{name}: {value:?}"
        );
    }
}

#[test]
fn a_wrong_content_length_is_refused() {
    for (length, is_right) in [
        ("3", true),
        ("7", false),
        ("2", false),
        ("03", false),
        ("x", false),
    ] {
        let mut request = request("x");
        request.content = "abc".into();
        request.headers = vec![("Content-Length".into(), length.as_bytes().to_vec())];
        let prepared = prepare(&plan(vec![]), &request, None, "id");
        assert_eq!(prepared.is_ok(), is_right, "{length}");
    }
}
