use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::*;

const TOKEN: &str = "tok-5f1d0c9a";

fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
    fields
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect()
}

fn request<'a>(
    url: &'a Url,
    method: &'a Method,
    fields: &'a HeaderMap,
    body: &'a Bytes,
) -> Outgoing<'a> {
    Outgoing {
        connection: "catalog",
        base_uri: url,
        method,
        url,
        headers: fields,
        body,
    }
}

fn reply(status: u16, fields: &[(&'static str, &str)], body: &str) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        reason: Some("Of Ours".to_owned()),
        headers: headers(fields),
        body: Bytes::from(body.to_owned()),
    }
}

fn found(tape: &mut Tape, request: &Outgoing<'_>) -> Option<Reply> {
    match tape.meet(request) {
        Found::Recorded(TimedStep {
            step: Step::Reply(reply),
            ..
        }) => Some(reply),
        Found::Recorded(_) | Found::ToRecord | Found::Nothing => None,
    }
}

/// The requests of one recording: an order, twice, and the page that its answer named.
struct Requests {
    order: Url,
    next: Url,
    fields: HeaderMap,
    body: Bytes,
    none: Bytes,
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl Requests {
    /// Records them.
    fn recorded() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let requests = Self {
            order: Url::parse("https://api.example/v1/orders?page=2&token=q-secret-1").unwrap(),
            next: Url::parse(&format!("https://api.example/v1/next/{TOKEN}")).unwrap(),
            fields: headers(&[
                ("authorization", &format!("Bearer {TOKEN}")),
                ("accept", "application/json"),
                ("x-correlation-id", "c0ffee"),
            ]),
            body: Bytes::from_static(b"{\"sku\": \"a\", \"iban\": \"DE0212030000\"}"),
            none: Bytes::new(),
            path: folder.path().join("made/catalog.json"),
            _folder: folder,
        };
        let mut tape = Tape::open(requests.path.clone(), Mode::Record, redaction()).unwrap();
        let answer = format!(
            "{{\"next\": \"{}\", \"client_secret\": \"s-3-c-r\"}}",
            requests.next
        );
        let cookie = ("set-cookie", "sid=cookie-value; Path=/");
        tape.record(
            &requests.order(),
            &reply(201, &[cookie, ("content-length", "9")], &answer),
        );
        tape.record(
            &requests.order(),
            &reply(200, &[], "cookie-value and q-secret-1"),
        );
        tape.record(&requests.next(), &reply(200, &[], "{}"));
        tape.save().unwrap();
        requests
    }

    fn order(&self) -> Outgoing<'_> {
        request(&self.order, &Method::POST, &self.fields, &self.body)
    }

    fn next(&self) -> Outgoing<'_> {
        request(&self.next, &Method::GET, &self.fields, &self.none)
    }

    fn replay(&self) -> Tape {
        Tape::open(self.path.clone(), Mode::Replay, redaction()).unwrap()
    }
}

fn redaction() -> Redaction {
    Redaction::new(vec![], vec![], vec!["iban".to_owned()], vec![])
}

#[test]
fn a_file_has_no_credential_and_can_be_read() {
    let file = std::fs::read_to_string(&Requests::recorded().path).unwrap();
    for secret in [
        TOKEN,
        "q-secret-1",
        "cookie-value",
        "s-3-c-r",
        "DE0212030000",
        "c0ffee",
    ] {
        assert!(!file.contains(secret), "{secret} in {file}");
    }
    assert!(file.contains("\"sku\": \"a\""), "{file}");
    assert!(
        file.starts_with("{\n  \"causeway_fixture\": 1,\n"),
        "{file}"
    );
}

#[test]
fn equal_requests_get_their_answers_in_order_and_once() {
    let requests = Requests::recorded();
    let mut tape = requests.replay();
    let first = found(&mut tape, &requests.order()).unwrap();
    assert_eq!(
        (first.status, first.reason.as_deref()),
        (StatusCode::CREATED, Some("Of Ours"))
    );
    assert_eq!(first.headers.len(), 1);
    assert_eq!(tape.unused().len(), 2);
    let second = found(&mut tape, &requests.order()).unwrap();
    assert_eq!(second.body, "REDACTED and REDACTED");
    assert!(found(&mut tape, &requests.order()).is_none());
    assert!(found(&mut tape, &requests.next()).is_some());
    assert_eq!(tape.unused(), Vec::<String>::new());
}

#[test]
fn what_was_hidden_and_white_space_are_no_difference_but_any_other_value_is() {
    let mut requests = Requests::recorded();
    let mut tape = requests.replay();
    requests.body = Bytes::from_static(b"{\"sku\":\"b\",\"iban\":\"DE0212030000\"}");
    assert!(found(&mut tape, &requests.order()).is_none());
    requests.body = Bytes::from_static(b"{\"sku\":\"a\",\"iban\":\"another\"}");
    requests.fields = headers(&[("authorization", "Bearer another")]);
    assert!(found(&mut tape, &requests.order()).is_some());
}

#[test]
fn what_cannot_be_redacted_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let url = Url::parse("https://api.example/v1/x").unwrap();
    let (get, fields, none) = (Method::GET, HeaderMap::new(), Bytes::new());
    let mut tape = Tape::open(path.clone(), Mode::Record, Redaction::default()).unwrap();
    tape.record(
        &request(&url, &get, &fields, &none),
        &reply(200, &[("content-encoding", "gzip")], "bytes"),
    );
    assert!(tape.save().unwrap_err().contains("encoded"));
    assert!(!path.exists());
}

#[test]
fn bytes_that_are_no_text_are_kept_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.json");
    let url = Url::parse("https://api.example/v1/x").unwrap();
    let (get, fields, none) = (Method::GET, HeaderMap::new(), Bytes::new());
    let asked = request(&url, &get, &fields, &none);
    let mut answer = reply(200, &[], "");
    answer.body = Bytes::from_static(b"\x00\xff\xfe");
    let mut tape = Tape::open(path.clone(), Mode::Record, Redaction::default()).unwrap();
    tape.record(&asked, &answer);
    tape.save().unwrap();
    let mut tape = Tape::open(path, Mode::Replay, Redaction::default()).unwrap();
    assert_eq!(found(&mut tape, &asked).unwrap().body, answer.body);
}

#[test]
fn files_that_are_no_fixture_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("none", None),
        ("no.json", Some("{")),
        (
            "version.json",
            Some("{\"causeway_fixture\": 2, \"exchanges\": []}"),
        ),
        (
            "status.json",
            Some(
                "{\"causeway_fixture\": 1, \"exchanges\": [{\"connection\": \"a\", \"request\": {\"method\": \"GET\", \"url\": \"x\"}, \"response\": {\"status\": 17}}]}",
            ),
        ),
    ] {
        let path = folder.path().join(name);
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let error = Tape::open(path, Mode::Replay, Redaction::default()).unwrap_err();
        assert!(error.contains(name), "{error}");
    }
}
