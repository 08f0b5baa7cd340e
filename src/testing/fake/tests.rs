use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use url::Url;

use super::*;
use crate::testing::{Fault, Reply};

struct Asked {
    connection: &'static str,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Bytes,
    base: Url,
}

impl Asked {
    fn new(connection: &'static str, method: Method, target: &str) -> Self {
        let base = Url::parse("https://api.example/v1/").unwrap();
        Self {
            connection,
            method,
            url: base.join(target).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            base,
        }
    }

    fn outgoing(&self) -> Outgoing<'_> {
        Outgoing {
            connection: self.connection,
            base_uri: &self.base,
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

fn status(status: u16) -> Step {
    Step::Reply(Reply {
        status: StatusCode::from_u16(status).unwrap(),
        reason: None,
        headers: HeaderMap::new(),
        body: Bytes::new(),
    })
}

fn rule(connection: &str, method: &str, uri: &str, steps: Vec<Step>) -> Rule {
    let mut rule = Rule::new(Matcher::parse(connection, method, uri).unwrap());
    for step in steps {
        rule.then(step);
    }
    rule
}

fn any() -> Matcher {
    Matcher::parse("", "", "").unwrap()
}

/// What a request meets, in short.
fn meet(fake: &Fake, asked: &Asked) -> String {
    match fake.meet(&asked.outgoing()) {
        Decision::Play(TimedStep {
            step: Step::Reply(reply),
            ..
        }) => reply.status.as_str().to_owned(),
        Decision::Play(TimedStep {
            step: Step::Fault(fault),
            ..
        }) => fault.name().to_owned(),
        Decision::Pass(_) => "pass".to_owned(),
        Decision::Refuse(message) => message,
    }
}

#[test]
fn steps_follow_one_another_and_the_last_repeats() {
    let fake = Fake::default();
    let steps = vec![Step::Fault(Fault::Reset), status(503), status(200)];
    fake.add(rule("catalog", "GET", "products/{id}", steps));
    let asked = Asked::new("catalog", Method::GET, "products/7");
    let met: Vec<_> = (0..4).map(|_| meet(&fake, &asked)).collect();
    assert_eq!(met, ["reset", "503", "200", "200"]);
    let met: Vec<_> = fake.sent(&any()).iter().map(|sent| sent.met).collect();
    assert_eq!(met[0], Met::Fault(Fault::Reset));
    assert_eq!(met[3], Met::Status(200));
}

#[test]
fn the_newest_rule_that_means_a_request_and_is_open_wins() {
    let fake = Fake::default();
    fake.add(rule("*", "*", "*", vec![status(200)]));
    let once = fake.add(rule("catalog", "get", "products/7", vec![status(404)]));
    fake.with_rule(once, |rule| rule.limit(1));
    let asked = Asked::new("catalog", Method::GET, "products/7");
    assert_eq!(meet(&fake, &asked), "404");
    assert_eq!(meet(&fake, &asked), "200");
    assert_eq!(meet(&fake, &Asked::new("crm", Method::POST, "x")), "200");
}

#[test]
fn fields_and_json_are_conditions() {
    let fake = Fake::default();
    let mut meant = rule("*", "POST", "orders", vec![status(201)]);
    meant.matcher.json = Some(serde_json::json!({"order": {"sku": "a"}, "tags": [1, 2]}));
    meant.matcher.headers = vec![("x-tenant".parse().unwrap(), "7".parse().unwrap())];
    fake.add(meant);
    let mut asked = Asked::new("catalog", Method::POST, "orders");
    asked.headers.insert("x-tenant", "7".parse().unwrap());
    asked.body = Bytes::from_static(b"{\"order\":{\"sku\":\"a\",\"n\":1},\"tags\":[1,2],\"x\":0}");
    assert_eq!(meet(&fake, &asked), "201");
    asked.body = Bytes::from_static(b"{\"order\":{\"sku\":\"a\"},\"tags\":[1]}");
    assert!(meet(&fake, &asked).starts_with("no rule"));
    asked.body = Bytes::from_static(b"no JSON");
    assert!(meet(&fake, &asked).starts_with("no rule"));
}

#[test]
fn a_stray_request_is_refused_and_named_without_its_query() {
    let fake = Fake::default();
    fake.add(rule("catalog", "GET", "products/1", vec![status(200)]));
    let asked = Asked::new("catalog", Method::GET, "products/7?api_key=secret");
    let message = meet(&fake, &asked);
    assert_eq!(
        message,
        "no rule for catalog: GET https://api.example/v1/products/7: add one with Fake::on()"
    );
    assert_eq!(
        fake.strays(),
        ["catalog: GET https://api.example/v1/products/7"]
    );
    assert_eq!(fake.unused(), ["catalog: GET products/1"]);
    assert_eq!(fake.sent_count(&any()), 1);
}

#[test]
fn connections_that_may_pass_do() {
    let fake = Fake::new(vec!["search".to_owned()]);
    let asked = Asked::new("search", Method::GET, "x");
    let Decision::Pass(number) = fake.meet(&asked.outgoing()) else {
        panic!("it passes");
    };
    let Step::Reply(reply) = status(204) else {
        panic!("a reply");
    };
    fake.answered(number, &reply);
    assert_eq!(fake.sent(&any())[0].met, Met::Status(204));
}

#[test]
fn the_log_is_bounded_and_numbers_go_on() {
    let fake = Fake::new(vec!["a".to_owned()]);
    let asked = Asked::new("a", Method::GET, "x");
    let mut last = 0;
    for _ in 0..LOG_MAX + 10 {
        if let Decision::Pass(number) = fake.meet(&asked.outgoing()) {
            last = number;
        }
    }
    assert_eq!(fake.sent_count(&any()), LOG_MAX);
    assert_eq!(last, LOG_MAX as u64 + 9);
    let Step::Reply(reply) = status(200) else {
        panic!("a reply");
    };
    fake.answered(last, &reply);
    assert_eq!(fake.sent(&any()).last().unwrap().met, Met::Status(200));
    // An entry that is gone is no error.
    fake.answered(0, &reply);
}

#[test]
fn a_fake_is_its_threads_own() {
    install(Some(Rc::new(Fake::default())));
    let elsewhere = std::thread::spawn(|| current().is_some()).join().unwrap();
    assert!(!elsewhere);
    assert!(current().is_some());
    install(None);
    assert!(current().is_none());
}
