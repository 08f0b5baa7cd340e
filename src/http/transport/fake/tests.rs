use std::rc::Rc;

use super::*;
use crate::clock::{UnixMs, freeze, thaw, unix, waits};
use crate::http::{CallErrorKind, Client, NoHost, Request};
use crate::options::Value;
use crate::segment::Segment;
use crate::testing::{Matcher, Rule, install};

fn client(more: Vec<(&str, Value)>) -> Client {
    let segment: &'static Segment = Box::leak(Box::new(Segment::in_process()));
    let mut options = vec![("base_uri", Value::from("https://api.example/"))];
    options.extend(more);
    let plan = Plan::parse("catalog", &Value::map(options)).unwrap();
    Client::with_segment(plan, segment)
}

/// A fake of this thread, and frozen time.
fn fake(steps: Vec<TimedStep>) -> Rc<Fake> {
    let fake = Rc::new(Fake::default());
    let mut rule = Rule::new(Matcher::parse("", "", "").unwrap());
    for timed in steps {
        rule.then(timed.step);
        rule.edit_last(|step| (step.delay, step.drip) = (timed.delay, timed.drip));
    }
    fake.add(rule);
    install(Some(Rc::clone(&fake)));
    freeze(UnixMs(0));
    fake
}

fn get(client: &Client) -> Result<crate::http::Answer, crate::http::CallError> {
    client.call(&Request::new(http::Method::GET, "x"), &NoHost)
}

fn answer(delay_ms: u64) -> TimedStep {
    let reply = Reply {
        status: http::StatusCode::OK,
        reason: None,
        headers: http::HeaderMap::new(),
        body: Bytes::from_static(b"ok"),
    };
    let mut step = TimedStep::from(Step::Reply(reply));
    step.delay = Duration::from_millis(delay_ms);
    step
}

#[test]
fn each_fault_says_what_a_real_one_would() {
    for (fault, expected, sent, at_ms, status) in [
        (Fault::Refused, "Connect", Sent::No, 0, None),
        (Fault::Dns, "Connect", Sent::No, 0, None),
        (Fault::Tls, "Connect", Sent::No, 0, None),
        (Fault::ConnectTimeout, "Connect", Sent::No, 300, None),
        (Fault::Closed, "Network", Sent::Maybe, 0, None),
        (Fault::Reset, "Network", Sent::Maybe, 0, None),
        (Fault::Hang, "Timeout", Sent::Maybe, 2000, None),
        (Fault::Garbled, "Network", Sent::Yes, 0, None),
        (Fault::EndlessHead, "Limit", Sent::Yes, 0, None),
        (Fault::HalfBody, "Network", Sent::Yes, 0, Some(200)),
        (Fault::ResetInBody, "Network", Sent::Yes, 0, Some(200)),
        (Fault::StalledBody, "Timeout", Sent::Yes, 2000, Some(200)),
        (Fault::EndlessBody, "Limit", Sent::Yes, 0, Some(200)),
    ] {
        fake(vec![Step::Fault(fault).into()]);
        let timeouts = [("connect_ms", 300), ("attempt_ms", 2000)];
        let error = get(&client(vec![
            ("retry", Value::map([("max_attempts", Value::from(1))])),
            (
                "timeouts",
                Value::map(timeouts.map(|(key, ms)| (key, Value::from(ms)))),
            ),
        ]))
        .unwrap_err();
        let kind = format!("{:?}", error.kind);
        let found = (kind.as_str(), error.sent, unix().0, error.status);
        assert_eq!(found, (expected, sent, at_ms, status), "{fault:?}");
        assert_eq!(waits(), [], "{fault:?}");
    }
    install(None);
    thaw();
}

#[test]
fn a_hedge_begins_in_frozen_time_and_wins() {
    let fake = fake(vec![answer(500), answer(20)]);
    let hedge = Value::map([("after_ms", Value::from(100))]);
    let answer = get(&client(vec![("hedge", hedge)])).unwrap();
    let any = Matcher::parse("", "", "").unwrap();
    let sent: Vec<_> = fake.sent(&any).iter().map(|sent| sent.at.0).collect();
    assert_eq!((answer.attempts, unix().0, sent), (2, 120, vec![0, 100]));
    install(None);
    thaw();
}

#[test]
fn requests_beyond_the_rules_are_told_and_not_repeated() {
    let fake = fake(vec![answer(0)]);
    fake.with_rule(0, |rule| rule.limit(1));
    let client = client(vec![]);
    assert_eq!(get(&client).unwrap().status, 200);
    let error = get(&client).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Stray), "{error:?}");
    assert_eq!((error.sent, fake.strays().len()), (Sent::No, 1));
    install(None);
    thaw();
}
