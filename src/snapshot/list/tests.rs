use super::*;
use crate::http::CallErrorKind;
use crate::options::{Fields, Value};
use crate::snapshot::testing::{NOW_MS, Script, answer, call_error, list_of};

fn page(ids: &[u32], next: Option<&str>) -> String {
    let items: Vec<_> = ids
        .iter()
        .map(|id| serde_json::json!({"id": id, "updated_at": format!("2026-01-01T00:00:0{id}Z")}))
        .collect();
    serde_json::json!({"items": items, "next_cursor": next}).to_string()
}

fn ids(found: &Found) -> Vec<String> {
    found.rows.iter().map(|row| row.id.clone()).collect()
}

fn next(walk: &mut Walk<'_>, vendor: &Script) -> Result<Found, SnapshotError> {
    walk.next(vendor, &|| Ok(NOW_MS), &mut || Ok(()))
}

/// What each request asked: its target and its query.
fn asked(vendor: &Script) -> Vec<String> {
    let line = |request: crate::http::Request| {
        let query: Vec<String> = request
            .query
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect();
        format!("{}?{}", request.target, query.join("&"))
    };
    vendor.asked().into_iter().map(line).collect()
}

fn status(code: u16) -> CallError {
    CallError {
        status: Some(code),
        retry_after: None,
        ..call_error(CallErrorKind::Status(Box::new(answer(code, ""))))
    }
}

#[test]
fn pages_that_are_too_large_become_smaller_and_stay_so_for_the_next_run() {
    let options = list_of(8);
    let vendor = Script::default()
        .then(|| Err(status(413)))
        .then(|| Err(status(413)))
        .answer(200, &page(&[1, 2], Some("c2")));
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    assert_eq!(ids(&next(&mut walk, &vendor).unwrap()), ["1", "2"]);
    assert_eq!(
        asked(&vendor),
        ["contacts?limit=8", "contacts?limit=4", "contacts?limit=2"]
    );
    assert_eq!(walk.place.size, Some(2));
    let vendor = Script::default().answer(200, &page(&[3], None));
    let mut resumed = Walk::from(&options, "crm", walk.place.clone(), 2);
    next(&mut resumed, &vendor).unwrap();
    assert_eq!(asked(&vendor), ["contacts?limit=2&cursor=c2"]);
    assert!(resumed.place.is_end);
}

#[test]
fn a_walk_waits_as_long_as_it_is_told_and_says_meanwhile_that_it_is_alive() {
    crate::clock::freeze(crate::clock::UnixMs(NOW_MS));
    let options = list_of(8);
    let mut limited = answer(429, "");
    let seconds = http::HeaderValue::from_static("2");
    limited.headers.insert("retry-after", seconds);
    let vendor = Script::default()
        .then(move || Ok(limited))
        .error(CallErrorKind::Throttled)
        .answer(200, &page(&[1], None));
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    let mut looks = 0;
    let found = walk.next(&vendor, &|| Ok(NOW_MS), &mut || {
        looks += 1;
        Ok(())
    });
    assert_eq!(ids(&found.unwrap()), ["1"]);
    let waited: Duration = clock::waits().iter().sum();
    assert_eq!((waited, looks), (Duration::from_secs(9), 36));
    crate::clock::thaw();
}

#[test]
fn patience_ends_with_the_vendors_own_words() {
    crate::clock::freeze(crate::clock::UnixMs(NOW_MS));
    let options = ListOptions {
        patience: Duration::from_secs(8),
        ..list_of(8)
    };
    let vendor = Script::default()
        .error(CallErrorKind::Throttled)
        .error(CallErrorKind::Throttled);
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    let error = next(&mut walk, &vendor).err().unwrap();
    assert!(matches!(error, SnapshotError::Call(_)), "{error}");
    crate::clock::thaw();
}

#[test]
fn a_walk_by_time_ends_when_a_page_brings_nothing_new_and_goes_on_from_there() {
    let options = ListOptions {
        paging: Paging::Since {
            parameter: "since".to_owned(),
            out: "/updated_at".to_owned(),
            start: None,
        },
        ..list_of(3)
    };
    // A vendor whose "since" includes that moment.
    let vendor = Script::default()
        .answer(200, &page(&[1, 2, 3], None))
        .answer(200, &page(&[3, 4], None))
        .answer(200, &page(&[4], None));
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    while !walk.place.is_end {
        next(&mut walk, &vendor).unwrap();
    }
    assert_eq!(vendor.left(), 0);
    assert_eq!(walk.place.at.as_deref(), Some("2026-01-01T00:00:04Z"));
    let vendor = Script::default().answer(200, &page(&[4, 5], None));
    let mut later = Walk::from(&options, "crm", walk.place.clone(), 0);
    assert_eq!(ids(&next(&mut later, &vendor).unwrap()), ["4", "5"]);
    assert_eq!(
        asked(&vendor),
        ["contacts?limit=3&since=2026-01-01T00:00:04Z"]
    );
    let vendor = Script::default().answer(200, &page(&[2, 1], None));
    let error = next(
        &mut Walk::from(&options, "crm", Place::default(), 0),
        &vendor,
    );
    assert!(error.err().unwrap().to_string().contains("not sorted"));
}

#[test]
fn a_link_is_followed_on_the_connections_own_origin() {
    let options = ListOptions {
        paging: Paging::Link,
        items: String::new(),
        ..list_of(3)
    };
    for (target, expected) in [
        (
            "<https://elsewhere.example/v1/l?page=2>; rel=\"next\"",
            Some("/v1/l?page=2"),
        ),
        ("<?page=2>; rel=next", Some("contacts?page=2")),
        ("</v1/l?page=2>; rel=\"prev\"", None),
    ] {
        let mut first = answer(200, r#"[{"id":1}]"#);
        let line = http::HeaderValue::from_static(target);
        first.headers.insert(http::header::LINK, line);
        let vendor = Script::default().then(move || Ok(first));
        let mut walk = Walk::from(&options, "crm", Place::default(), 0);
        next(&mut walk, &vendor).unwrap();
        assert_eq!(walk.place.at.as_deref(), expected, "{target}");
    }
}

#[test]
fn a_marked_item_is_deleted() {
    let options = list_of(9);
    let body = r#"{"items":[{"id":1,"deleted":true},{"id":2,"deleted":false},{"id":3},{"id":4,"deleted":"2026"}]}"#;
    let vendor = Script::default().answer(200, body);
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    let found = next(&mut walk, &vendor).unwrap();
    let deleted: Vec<bool> = found.rows.iter().map(|row| row.is_deleted).collect();
    assert_eq!(deleted, [true, false, false, true]);
}

#[test]
fn a_number_of_a_page_is_asked_for_in_the_size_that_it_is_told_in() {
    let options = ListOptions {
        paging: Paging::Page {
            parameter: "page".to_owned(),
            first: 1,
        },
        total: None,
        ..list_of(4)
    };
    let slow = || Err(call_error_without_time(CallErrorKind::Timeout));
    let mut vendor = Script::default()
        .answer(200, &page(&[1, 2, 3, 4], None))
        .then(slow);
    for ids in [[5, 6], [7, 8]] {
        vendor = vendor.answer(200, &page(&ids, None));
    }
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    for _ in 0..3 {
        next(&mut walk, &vendor).unwrap();
    }
    // The size may grow again, in another run too: the place keeps its own.
    let mut resumed = Walk::from(&options, "crm", walk.place.clone(), 8);
    let later = Script::default()
        .answer(200, &page(&[9], None))
        .answer(200, &page(&[], None));
    next(&mut resumed, &later).unwrap();
    next(&mut resumed, &later).unwrap();
    assert!(resumed.place.is_end);
    let pages: Vec<String> = asked(&vendor).into_iter().chain(asked(&later)).collect();
    assert_eq!(
        pages,
        [
            "contacts?limit=4&page=1",
            "contacts?limit=4&page=2",
            "contacts?limit=2&page=3",
            "contacts?limit=2&page=4",
            "contacts?limit=2&page=5",
            "contacts?limit=2&page=6",
        ]
    );
}

fn call_error_without_time(kind: CallErrorKind) -> CallError {
    CallError {
        retry_after: None,
        ..call_error(kind)
    }
}

#[test]
fn a_page_that_is_the_list_itself_is_walked() {
    let paging = Value::map([("by", Value::from("offset"))]);
    let options = Value::map([
        ("path", Value::from("contacts")),
        ("items", Value::from("")),
        ("cursor", paging),
    ]);
    let mut fields = Fields::new(&options).unwrap();
    let options = ListOptions::take(&mut fields).unwrap();
    fields.finish().unwrap();
    let vendor = Script::default().answer(200, r#"[{"id":1},{"id":2}]"#);
    let mut walk = Walk::from(&options, "crm", Place::default(), 0);
    assert_eq!(ids(&next(&mut walk, &vendor).unwrap()), ["1", "2"]);
    let wrong = Value::map([("path", Value::from("contacts")), ("id", Value::from("id"))]);
    let mut fields = Fields::new(&wrong).unwrap();
    let refusal = ListOptions::take(&mut fields).unwrap_err();
    assert_eq!(refusal.field, "id");
}
