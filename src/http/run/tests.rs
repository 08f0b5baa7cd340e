use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::time::Duration;

use bytes::Bytes;

use crate::clock;
use crate::http::driver::tests::client;
use crate::http::scripted::{Step, Vendor, answer};
use crate::http::{
    CallErrorKind, Content, Host, NoHost, Request, Sent, Stop, finish_background, stop_background,
};
use crate::options::Value;

fn get(target: &str) -> Request {
    Request::new(http::Method::GET, target)
}

/// A host whose contents are numbered lists of pieces, and which may stop.
#[derive(Default)]
struct Source {
    pieces: Vec<&'static str>,
    at: Cell<usize>,
    rewinds: Cell<u32>,
    stop: Option<Stop>,
}

impl Host for Source {
    fn before_attempt(&self) -> Result<(), Stop> {
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        self.stop.clone().map_or(Ok(()), Err)
    }

    fn next_chunk(&self, source: usize) -> Result<Option<Bytes>, String> {
        assert_eq!(source, 7);
        let piece = self.pieces.get(self.at.get());
        self.at.set(self.at.get() + 1);
        match piece {
            Some(&"broken") => Err("the file is gone".to_owned()),
            piece => Ok(piece.map(|text| Bytes::from_static(text.as_bytes()))),
        }
    }

    fn rewind(&self, source: usize) -> Result<(), String> {
        assert_eq!(source, 7);
        self.rewinds.set(self.rewinds.get() + 1);
        self.at.set(0);
        Ok(())
    }
}

fn streamed(length_bytes: Option<u64>) -> Request {
    let mut request = Request::new(http::Method::PUT, "files/1");
    request.content = Content::Streamed {
        source: 7,
        length_bytes,
        is_repeatable: true,
    };
    request
}

#[test]
fn many_calls_keep_their_keys_and_their_own_results() {
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![]);
    let requests = (0..50).map(|number| {
        let target = if number == 13 { "http://[" } else { "a" };
        (number, get(target))
    });
    let mut results = Vec::new();
    client
        .call_many(requests, 8, &NoHost, |key, outcome| {
            results.push((key, outcome.map(|answer| answer.status).map_err(|e| e.sent)));
            ControlFlow::Continue(())
        })
        .unwrap();
    results.sort_by_key(|(key, _)| *key);
    let expected: Vec<_> = (0..50)
        .map(|key| (key, if key == 13 { Err(Sent::No) } else { Ok(200) }))
        .collect();
    assert_eq!(results, expected);
    assert_eq!(vendor.received().len(), 49);
}

#[test]
fn many_calls_draw_no_more_than_there_is_room_for() {
    let vendor = Vendor::start(vec![answer(200)]);
    let client = client(&vendor, vec![]);
    let drawn = Cell::new(0);
    let done = Cell::new(0);
    let requests = (0..20).map(|key| {
        drawn.set(drawn.get() + 1);
        assert!(drawn.get() - done.get() <= 3);
        (key, get("a"))
    });
    client
        .call_many(requests, 3, &NoHost, |_, _| {
            done.set(done.get() + 1);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!((drawn.get(), done.get()), (20, 20));
}

#[test]
fn an_interruption_ends_what_is_under_way_and_draws_nothing_more() {
    let vendor = Vendor::start(vec![Step::Hang]);
    let client = client(&vendor, vec![]);
    let host = Source {
        stop: Some(Stop::Interrupted),
        ..Source::default()
    };
    let results = RefCell::new(Vec::new());
    let started = clock::monotonic();
    let error = client
        .call_many((0..9).map(|k| (k, get("a"))), 2, &host, |key, outcome| {
            results.borrow_mut().push((key, outcome.unwrap_err().sent));
            ControlFlow::Continue(())
        })
        .unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Interrupted));
    assert_eq!(results.take(), [(0, Sent::Maybe), (1, Sent::Maybe)]);
    assert!(clock::monotonic().since(started) < Duration::from_secs(1));
}

#[test]
fn a_background_call_gets_its_answer_while_nobody_waits() {
    let vendor = Vendor::start(vec![answer(503), answer(200)]);
    let client = client(&vendor, vec![]);
    let pending = client.start(get("a"), None).unwrap();
    assert_eq!(finish_background(Duration::from_secs(5)), [""; 0]);
    assert!(pending.is_done());
    let answer = pending
        .wait(Some(Duration::ZERO), &NoHost)
        .unwrap()
        .unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 2));
    let again = pending.wait(None, &NoHost).unwrap().unwrap();
    assert_eq!(again.correlation_id, answer.correlation_id);
    stop_background();
}

#[test]
fn a_background_call_can_be_waited_for_in_part_given_up_and_reported() {
    let vendor = Vendor::start(vec![Step::Hang]);
    let client = client(&vendor, vec![]);
    let pending = client.start(get("a"), None).unwrap();
    assert!(matches!(
        pending.wait(Some(Duration::from_millis(20)), &NoHost),
        Ok(None)
    ));
    pending.cancel();
    let error = pending.wait(None, &NoHost).unwrap_err();
    assert!(matches!(error.kind, CallErrorKind::Interrupted));
    let _left = client.start(get("b"), None).unwrap();
    assert_eq!(finish_background(Duration::from_millis(20)), ["catalog"]);
    stop_background();
}

#[test]
fn a_streamed_content_is_not_sent_in_the_background() {
    let vendor = Vendor::start(vec![answer(200)]);
    let error = client(&vendor, vec![])
        .start(streamed(None), None)
        .err()
        .unwrap();
    assert!(matches!(error.kind, CallErrorKind::BadRequest));
    assert_eq!(error.sent, Sent::No);
}

#[test]
fn a_streamed_content_is_sent_piece_by_piece_and_again_from_its_start() {
    let vendor = Vendor::start(vec![answer(503), answer(200)]);
    let client = client(&vendor, vec![]);
    let host = Source {
        pieces: vec!["one ", "two"],
        ..Source::default()
    };
    let answer = client.call(&streamed(Some(7)), &host).unwrap();
    assert_eq!((answer.status, answer.attempts), (200, 2));
    assert_eq!(host.rewinds.get(), 1);
    let received = vendor.received();
    assert!(
        received[0].contains("content-length: 7\r\n"),
        "{received:?}"
    );
    assert!(received.iter().all(|request| request.ends_with("one two")));
}

#[test]
fn a_content_that_breaks_off_or_has_another_length_ends_the_call() {
    for (pieces, message) in [
        (vec!["one ", "broken"], "the file is gone"),
        (vec!["one "], "another length"),
        (vec!["one ", "two", "three"], "another length"),
    ] {
        let vendor = Vendor::start(vec![answer(200)]);
        let client = client(&vendor, vec![]);
        let host = Source {
            pieces,
            ..Source::default()
        };
        let error = client.call(&streamed(Some(7)), &host).unwrap_err();
        assert!(matches!(error.kind, CallErrorKind::BadRequest), "{error:?}");
        assert!(error.message.contains(message), "{error}");
        assert_eq!((error.sent, error.attempts), (Sent::Maybe, 1));
    }
}

#[test]
fn an_open_answer_is_read_piece_by_piece_under_its_cap() {
    let vendor = Vendor::start(vec![Step::Answer(200, "", "x".repeat(100_000))]);
    let client = client(&vendor, vec![("body_cap_bytes", Value::from(100_000))]);
    let (answer, mut incoming) = client.open(&get("a"), &NoHost).unwrap();
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let mut length = 0;
    while let Some(piece) = client.read(&mut incoming, &NoHost).unwrap() {
        length += piece.len();
    }
    assert_eq!(length, 100_000);
    assert!(client.read(&mut incoming, &NoHost).unwrap().is_none());
}

#[test]
fn an_open_answer_that_breaks_off_says_so_once() {
    let vendor = Vendor::start(vec![Step::HalfBody]);
    let client = client(&vendor, vec![]);
    let (_, mut incoming) = client.open(&get("a"), &NoHost).unwrap();
    let error = loop {
        match client.read(&mut incoming, &NoHost) {
            Ok(piece) => assert!(piece.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind, CallErrorKind::Network), "{error:?}");
    assert_eq!((error.sent, error.status), (Sent::Yes, Some(200)));
    assert!(client.read(&mut incoming, &NoHost).unwrap().is_none());
}
