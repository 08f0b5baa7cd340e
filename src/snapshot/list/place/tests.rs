use super::*;
use crate::options::{Source, Value};

fn paging(options: Value) -> Paging {
    let fields = Fields::open("cursor", options, Source::Code).unwrap();
    Paging::parse(Some(fields)).unwrap()
}

fn by(name: &str) -> Paging {
    paging(Value::map([("by", Value::from(name))]))
}

fn seen<'a>(at: Option<&'a str>, rows: usize, out: Option<&'a str>) -> Seen<'a> {
    Seen {
        at,
        size: 10,
        rows,
        walked: rows as u64,
        total: None,
        is_nothing_new: false,
        out,
    }
}

#[test]
fn each_way_goes_on_and_ends() {
    for (by_name, at, rows, out, expected) in [
        ("cursor", None, 10, Some("c1"), Ok(Some("c1"))),
        ("cursor", Some("c1"), 3, None, Ok(None)),
        (
            "cursor",
            Some("c1"),
            3,
            Some("c1"),
            Err("the cursor repeats"),
        ),
        (
            "cursor",
            Some("c1"),
            0,
            Some("c2"),
            Err("an empty page that is not the last"),
        ),
        ("link", None, 10, Some("/l?p=2"), Ok(Some("/l?p=2"))),
        ("link", Some("/l?p=2"), 10, None, Ok(None)),
        ("offset", None, 10, None, Ok(Some("10"))),
        ("offset", Some("10"), 4, None, Ok(Some("14"))),
        ("offset", Some("14"), 0, None, Ok(None)),
        ("page", None, 10, None, Ok(Some("2/10"))),
        ("page", Some("2/10"), 4, None, Ok(Some("3/10~"))),
        ("page", Some("3/10~"), 0, None, Ok(None)),
    ] {
        let next = by(by_name).next(&seen(at, rows, out));
        let next = next.map(|place| {
            assert_eq!(place.is_end, place.at.is_none());
            place.at
        });
        let expected = expected.map(|at| at.map(str::to_owned));
        assert_eq!(next, expected, "{by_name} {at:?} {rows}");
    }
}

#[test]
fn a_known_total_saves_the_empty_page() {
    let last = Seen {
        total: Some(14),
        ..seen(Some("10"), 4, None)
    };
    assert!(by("offset").next(&last).unwrap().is_end);
    let last = Seen {
        total: Some(14),
        walked: 14,
        ..seen(Some("2"), 4, None)
    };
    assert!(by("page").next(&last).unwrap().is_end);
}

#[test]
fn a_walk_by_time_keeps_its_place_at_the_end() {
    let by_time = by("since");
    let more = by_time.next(&seen(Some("t1"), 10, Some("t2"))).unwrap();
    assert_eq!((more.at.as_deref(), more.is_end), (Some("t2"), false));
    let end = by_time.next(&seen(Some("t2"), 1, Some("t2"))).unwrap();
    assert_eq!((end.at.as_deref(), end.is_end), (Some("t2"), true));
    let none = by_time.next(&seen(Some("t2"), 0, None)).unwrap();
    assert_eq!((none.at.as_deref(), none.is_end), (Some("t2"), true));
    let stuck = by_time.next(&seen(Some("t2"), 10, Some("t2")));
    assert!(stuck.unwrap_err().contains("raise page_size"));
}

#[test]
fn numbers_of_pages_follow_a_smaller_size() {
    let pages = by("page");
    for (at, size, expected) in [
        (None, 5, None),
        (Some("4/10"), 5, Some("7/5")),
        (Some("1/10"), 1, Some("1/1")),
        (Some("4/5"), 5, Some("4/5")),
    ] {
        let moved = pages.with_size(at.map(str::to_owned), size);
        assert_eq!(moved.as_deref(), expected, "{at:?}");
    }
    assert!(pages.may_change_size(None) && pages.may_change_size(Some("4/10")));
    assert!(
        !pages.may_change_size(Some("4/10~")),
        "the vendor may cap the size"
    );
    assert_eq!(pages.size_at(Some("4/10~")), Some(10));
    assert_eq!(
        (pages.size_at(None), by("offset").size_at(Some("40"))),
        (None, None)
    );
    assert!(!by("link").may_change_size(Some("/l?p=2&limit=10")));
}

#[test]
fn the_place_goes_where_the_vendor_wants_it() {
    for (by_name, at, expected) in [
        ("cursor", None, "list?"),
        ("cursor", Some("c"), "list?cursor=c"),
        ("offset", None, "list?offset=0"),
        ("page", None, "list?page=1"),
        ("page", Some("3/10"), "list?page=3"),
        ("since", None, "list?"),
        ("since", Some("t"), "list?since=t"),
        (
            "link",
            Some("https://v.example/l?p=2"),
            "https://v.example/l?p=2?",
        ),
    ] {
        let mut request = Request::new(http::Method::GET, "list");
        by(by_name).ask(&mut request, at);
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        assert_eq!(format!("{}?{}", request.target, query.join("&")), expected);
    }
    assert!(
        Paging::parse(Some(
            Fields::open(
                "cursor",
                Value::map([("by", Value::from("link")), ("in", Value::from("x"))]),
                Source::Code
            )
            .unwrap()
        ))
        .is_err()
    );
}
