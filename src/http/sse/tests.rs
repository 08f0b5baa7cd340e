use std::time::Duration;

use proptest::prelude::*;

use super::{Event, EventStream, EventTooLarge};

fn event(event: &str, data: &str, id: &str) -> Event {
    Event {
        event: event.to_owned(),
        data: data.to_owned(),
        id: id.to_owned(),
        retry: None,
    }
}

fn read(bytes: &[u8], chunk: usize) -> Vec<Event> {
    let mut stream = EventStream::new(1000);
    let mut events = Vec::new();
    for chunk in bytes.chunks(chunk) {
        stream.push(chunk).unwrap();
        events.extend(std::iter::from_fn(|| stream.next_event()));
    }
    events
}

#[test]
fn streams_are_read_as_the_standard_says() {
    let rows: [(&str, Vec<Event>); 18] = [
        ("data: a\n\n", vec![event("message", "a", "")]),
        (
            "data: a\r\n\r\ndata: b\r\r",
            vec![event("message", "a", ""), event("message", "b", "")],
        ),
        (
            "data: YHOO\ndata: +2\ndata: 10\n\n",
            vec![event("message", "YHOO\n+2\n10", "")],
        ),
        (
            ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
            vec![
                event("message", "first event", "1"),
                event("message", "second event", ""),
                event("message", " third event", ""),
            ],
        ),
        (
            "data\n\ndata\ndata\n\ndata:",
            vec![event("message", "", ""), event("message", "\n", "")],
        ),
        (
            "data:test\n\ndata: test\n\n",
            vec![event("message", "test", ""), event("message", "test", "")],
        ),
        (
            "event: add\ndata: 1\n\ndata: 2\n\n",
            vec![event("add", "1", ""), event("message", "2", "")],
        ),
        ("event: add\n\ndata: 2\n\n", vec![event("message", "2", "")]),
        ("id: 7\n\ndata: x\n\n", vec![event("message", "x", "7")]),
        (
            "id: 7\ndata: x\n\ndata: y\n\n",
            vec![event("message", "x", "7"), event("message", "y", "7")],
        ),
        ("id: 7\0\ndata: x\n\n", vec![event("message", "x", "")]),
        (
            "\u{feff}data: x\n\n\u{feff}data: y\n\n",
            vec![event("message", "x", "")],
        ),
        ("data: half", vec![]),
        ("data: half\n", vec![]),
        ("Data: x\nevents: y\n\n", vec![]),
        ("event:\ndata: x\n\n", vec![event("message", "x", "")]),
        (":\n\n\n\ndata: x:y\n\n", vec![event("message", "x:y", "")]),
        ("data: \u{fffd}\n\n", vec![event("message", "\u{fffd}", "")]),
    ];
    for (bytes, expected) in rows {
        for chunk in [1, 2, 3, 1000] {
            assert_eq!(
                read(bytes.as_bytes(), chunk),
                expected,
                "{bytes:?} by {chunk}"
            );
        }
    }
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    assert_eq!(read(b"data: \xff\n\n", 2)[0].data, "\u{fffd}");
}

#[test]
fn the_time_to_wait_is_digits_alone() {
    let rows = [
        ("1500", Some(1500)),
        ("0", Some(0)),
        ("", None),
        ("1.5", None),
        ("-1", None),
        ("+1", None),
        ("99999999999999999999999", None),
    ];
    for (value, ms) in rows {
        let events = read(format!("retry: {value}\ndata: x\n\n").as_bytes(), 100);
        assert_eq!(events[0].retry, ms.map(Duration::from_millis), "{value}");
    }
}

#[test]
fn an_event_has_a_cap() {
    for endless in [
        "data: 0123456789",
        "data: 01\ndata: 23\ndata: 45\n",
        "event: 0123456789",
    ] {
        let mut stream = EventStream::new(12);
        stream.push(b"data: ok\n\n").unwrap();
        let refused = stream.push(endless.repeat(2).as_bytes());
        assert_eq!(refused, Err(EventTooLarge { cap_bytes: 12 }), "{endless}");
        assert_eq!(stream.next_event(), Some(event("message", "ok", "")));
        assert_eq!(stream.next_event(), None);
    }
}

proptest! {
    #[test]
    fn chunks_make_no_difference(bytes in "(data: ?|id:|event:|retry:1|x|:|\u{e9}|\r|\n|\r\n){0,60}", chunk in 1_usize..9) {
        prop_assert_eq!(read(bytes.as_bytes(), chunk), read(bytes.as_bytes(), 10_000));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        let mut stream = EventStream::new(64);
        let _ = stream.push(&bytes);
        while let Some(event) = stream.next_event() {
            prop_assert!(event.data.len() <= 3 * 64);
        }
    }
}
