use std::time::Duration;

use super::*;
use crate::options::Resource;

const ASKED_MS: i64 = 5_000;

fn rule() -> Resource {
    Resource {
        path: "contacts/{id}".to_owned(),
        fresh: Duration::from_secs(1),
        stale_if_error: None,
        cache_tags: vec!["crm:contact:{id}".to_owned(), "crm:contacts".to_owned()],
        order: None,
        schema: crate::options::Shapes::default(),
    }
}

fn content(json: &str) -> Seen {
    let json = json.as_bytes().to_vec();
    Seen::Content {
        json,
        etag: Some("e".to_owned()),
        last_modified: None,
    }
}

/// The row after looks at the vendor, one after another, as a store would keep it.
fn after(looks: &[(Seen, Cause<'_>)]) -> (Record, Next) {
    let rule = rule();
    let entity = Entity {
        connection: "crm",
        resource: "contact",
        id: "c/1",
        rule: &rule,
    };
    let mut stored: Option<Record> = None;
    let mut last = None;
    for (seen, cause) in looks {
        let look = next(&entity, stored.as_ref(), seen, *cause, ASKED_MS);
        let payload = look
            .record
            .payload
            .clone()
            .or(stored.and_then(|record| record.payload));
        stored = Some(Record {
            payload,
            ..look.record.clone()
        });
        last = Some(look);
    }
    (stored.unwrap(), last.unwrap())
}

/// Looks at the vendor, then the row's state, how many tags it owes, and its payload.
type OwedRow = (
    Vec<(Seen, Cause<'static>)>,
    &'static str,
    usize,
    &'static str,
);

#[rustfmt::skip]
fn owed_rows() -> Vec<OwedRow> {
    use Cause::{Backfill, Fetch};
    let event = Cause::Event("evt");
    let (a, b) = (content("1"), content("2"));
    vec![
        (vec![(a.clone(), Fetch)], CURRENT, 0, "1"),
        (vec![(a.clone(), Backfill)], CURRENT, 0, "1"),
        (vec![(a.clone(), event)], OWED, 2, "1"),
        (vec![(a.clone(), Fetch), (a.clone(), event)], CURRENT, 0, "1"),
        (vec![(a.clone(), Fetch), (Seen::Unchanged, event)], CURRENT, 0, "1"),
        (vec![(a.clone(), Fetch), (b.clone(), event)], OWED, 2, "2"),
        (vec![(a.clone(), Fetch), (b.clone(), Backfill)], OWED, 2, "2"),
        (vec![(a.clone(), event), (Seen::Unchanged, Fetch)], OWED, 2, "1"),
        (vec![(a.clone(), event), (b, event)], OWED, 2, "2"),
        (vec![(a.clone(), Fetch), (Seen::Gone, event)], OWED, 2, ""),
        (vec![(Seen::Gone, Fetch)], GONE, 0, ""),
        (vec![(Seen::Gone, Fetch), (Seen::Gone, event)], GONE, 0, ""),
        (vec![(Seen::Gone, Fetch), (a, Fetch)], OWED, 2, "1"),
    ]
}

#[test]
fn what_is_owed_follows_from_what_changed_and_why() {
    for (looks, state, owed, payload) in owed_rows() {
        let (record, last) = after(&looks);
        let name = format!("{looks:?}");
        let got = (record.state.as_str(), last.owed_tags.len());
        assert_eq!(got, (state, owed), "{name}");
        assert_eq!(
            record.payload.as_deref(),
            Some(payload.as_bytes()),
            "{name}"
        );
        let version = i64::try_from(looks.len()).unwrap();
        assert_eq!(record.version, version, "every look is a version: {name}");
        assert_eq!(
            last.replaces,
            (version > 1).then_some(version - 1),
            "{name}"
        );
        let gone = looks.last().is_some_and(|(seen, _)| *seen == Seen::Gone);
        assert_eq!(Detail::of(&record).gone, gone, "{name}");
    }
}

#[test]
fn the_row_says_where_it_comes_from_and_when_it_ages() {
    let (record, _) = after(&[(content("1"), Cause::Event("evt_7"))]);
    let detail = Detail::of(&record);
    assert_eq!(
        (record.scope.as_str(), record.label.as_str()),
        ("crm/contact", "c/1")
    );
    assert_eq!((record.due_at_ms, detail.fetched_at_ms), (6_000, ASKED_MS));
    assert_eq!(
        (detail.cause.as_str(), detail.etag.as_deref()),
        ("evt_7", Some("e"))
    );
    assert_eq!(detail.tags, ["crm:contact:c/1", "crm:contacts"]);
    assert_eq!(record.checksum, checksum_of(b"1"));
    let (record, _) = after(&[
        (content("1"), Cause::Fetch),
        (Seen::Unchanged, Cause::Fetch),
    ]);
    assert_eq!(
        Detail::of(&record).etag.as_deref(),
        Some("e"),
        "a 304 keeps the validator"
    );
}

#[test]
fn tags_under_an_older_configuration_are_owed_too() {
    let (record, _) = after(&[(content("1"), Cause::Fetch)]);
    let rule = Resource {
        cache_tags: vec!["new:{id}".to_owned()],
        ..rule()
    };
    let entity = Entity {
        connection: "crm",
        resource: "contact",
        id: "c/1",
        rule: &rule,
    };
    let look = next(
        &entity,
        Some(&record),
        &content("2"),
        Cause::Fetch,
        ASKED_MS,
    );
    assert_eq!(
        look.owed_tags,
        ["new:c/1", "crm:contact:c/1", "crm:contacts"]
    );
}

#[test]
fn paying_ends_what_is_owed_and_nothing_else() {
    let (owed, _) = after(&[(content("1"), Cause::Event("e"))]);
    let row = paid(&owed, 9).unwrap();
    assert_eq!(
        (row.state.as_str(), row.updated_at_ms, row.payload.as_ref()),
        (CURRENT, 9, None)
    );
    assert_eq!(
        Detail::of(&row),
        Detail {
            owed_tags: Vec::new(),
            ..Detail::of(&owed)
        }
    );
    assert_eq!(paid(&row, 9), None);
    let (gone, _) = after(&[
        (content("1"), Cause::Fetch),
        (Seen::Gone, Cause::Event("e")),
    ]);
    assert_eq!(paid(&gone, 9).unwrap().state, GONE);
}

#[test]
fn a_row_that_cannot_be_understood_is_written_anew() {
    let (record, _) = after(&[(content("1"), Cause::Fetch)]);
    let broken = Record {
        detail: "{".to_owned(),
        ..record
    };
    assert_eq!(Detail::of(&broken), Detail::default());
}

fn ordered(looks: &[Seen]) -> (Record, Next) {
    let rule = Resource {
        order: Some("/v".to_owned()),
        ..rule()
    };
    let entity = Entity {
        connection: "crm",
        resource: "contact",
        id: "c/1",
        rule: &rule,
    };
    let mut stored: Option<Record> = None;
    let mut last = None;
    for seen in looks {
        let look = next(&entity, stored.as_ref(), seen, Cause::Event("e"), ASKED_MS);
        let kept = stored.and_then(|record| record.payload);
        stored = Some(Record {
            payload: look.record.payload.clone().or(kept),
            ..look.record.clone()
        });
        last = Some(look);
    }
    (stored.unwrap(), last.unwrap())
}

#[test]
fn what_is_older_in_the_vendors_order_never_overwrites_what_is_newer() {
    let v = |version: i64| content(&format!("{{\"v\":{version}}}"));
    for (looks, payload, is_outrun, is_gone) in [
        (vec![v(1), v(2)], "{\"v\":2}", false, false),
        (vec![v(2), v(1)], "{\"v\":2}", true, false),
        (vec![v(2), content("{}")], "{}", false, false),
        (vec![content("{}"), v(1)], "{\"v\":1}", false, false),
        (vec![v(2), Seen::GoneAt(1)], "{\"v\":2}", true, false),
        (vec![v(2), Seen::GoneAt(3)], "", false, true),
        (vec![v(2), Seen::GoneAt(3), v(2)], "", true, true),
        (vec![v(2), Seen::GoneAt(3), v(4)], "{\"v\":4}", false, false),
        (vec![v(2), Seen::Gone, v(1)], "{\"v\":1}", false, false),
    ] {
        let (record, last) = ordered(&looks);
        let got = String::from_utf8(record.payload.clone().unwrap()).unwrap();
        let gone = Detail::of(&record).gone;
        assert_eq!(
            (got.as_str(), last.is_outrun, gone),
            (payload, is_outrun, is_gone),
            "{looks:?}"
        );
    }
}

#[test]
fn another_spelling_of_the_same_values_is_no_change() {
    let first = content(r#"{"a":1,"b":[1,2]}"#);
    let spelled = content("{\"b\": [1, 2],\n\"a\": 1}");
    let (record, last) = after(&[(first, Cause::Fetch), (spelled, Cause::Event("e"))]);
    assert!(!last.is_changed && last.owed_tags.is_empty());
    assert_eq!(
        record.payload.as_deref(),
        Some(&br#"{"a":1,"b":[1,2]}"#[..])
    );
}
