use proptest::prelude::*;
use url::Url;

use super::{Next, Options, Page, PaginateError, Walk, Way};
use crate::options::{Fields, Value};

const HERE: &str = "https://api.vendor.example/v1/products?page=1";

/// A page by its parts: `Link`, number of items, scalars by pointer.
struct Scripted(&'static str, u64, Vec<(&'static str, String)>);

impl Page for Scripted {
    fn links(&self) -> Vec<&[u8]> {
        vec![self.0.as_bytes()]
    }

    fn items(&self) -> u64 {
        self.1
    }

    fn scalar(&self, pointer: &str) -> Option<String> {
        let found = self.2.iter().find(|(at, _)| *at == pointer);
        found.map(|(_, text)| text.clone())
    }
}

fn page(items: u64, scalars: &[(&'static str, &str)]) -> Scripted {
    let scalars = scalars.iter().map(|(at, text)| (*at, (*text).to_owned()));
    Scripted("", items, scalars.collect())
}

fn options(entries: &[(&str, Value)]) -> Result<Options, String> {
    let map = Value::map(entries.iter().map(|(key, value)| (*key, value.clone())));
    let fields = Fields::new(&Value::map([("pages", map)]))
        .unwrap()
        .section("pages");
    Options::parse(fields.unwrap()).map_err(|error| error.to_string())
}

fn walk(entries: &[(&str, Value)]) -> Walk {
    Walk::new(options(entries).unwrap())
}

fn here() -> Url {
    Url::parse(HERE).unwrap()
}

fn query(pairs: &[(&str, &str)]) -> Next {
    Next::Query(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

#[test]
fn each_way_steps_to_its_next_page() {
    let mut link = walk(&[]);
    assert_eq!(link.first(), vec![]);
    let next = link.next(&Scripted("<?page=2>; rel=next", 3, vec![]), &here());
    assert_eq!(
        next,
        Ok(Next::Target(
            Url::parse("https://api.vendor.example/v1/products?page=2").unwrap()
        ))
    );
    assert_eq!(
        link.next(&Scripted("<?page=1>; rel=prev", 3, vec![]), &here()),
        Ok(Next::End)
    );

    let mut cursor = walk(&[("by", "cursor".into()), ("size", 50.into())]);
    assert_eq!(cursor.first(), vec![("limit".to_owned(), "50".to_owned())]);
    let next = cursor.next(&page(0, &[("/next_cursor", "abc")]), &here());
    assert_eq!(next, Ok(query(&[("limit", "50"), ("cursor", "abc")])));
    assert_eq!(cursor.next(&page(5, &[]), &here()), Ok(Next::End));

    let mut offset = walk(&[
        ("by", "offset".into()),
        ("in", "skip".into()),
        ("start", 10.into()),
    ]);
    assert_eq!(offset.first(), vec![("skip".to_owned(), "10".to_owned())]);
    assert_eq!(
        offset.next(&page(7, &[]), &here()),
        Ok(query(&[("skip", "17")]))
    );
    assert_eq!(
        offset.next(&page(1, &[]), &here()),
        Ok(query(&[("skip", "18")]))
    );
    assert_eq!(offset.next(&page(0, &[]), &here()), Ok(Next::End));

    let mut number = walk(&[("by", "page".into()), ("total", "/meta/total".into())]);
    assert_eq!(number.first(), vec![("page".to_owned(), "1".to_owned())]);
    assert_eq!(
        number.next(&page(2, &[("/meta/total", "3")]), &here()),
        Ok(query(&[("page", "2")]))
    );
    assert_eq!(
        number.next(&page(1, &[("/meta/total", "3")]), &here()),
        Ok(Next::End)
    );
}

#[test]
fn a_total_that_is_no_number_says_nothing() {
    let mut walk = walk(&[("by", "page".into()), ("total", "/total".into())]);
    assert_eq!(
        walk.next(&page(2, &[("/total", "many")]), &here()),
        Ok(query(&[("page", "2")]))
    );
}

#[test]
fn a_list_that_cannot_be_walked_is_an_error() {
    let other = Scripted("<https://evil.example/p>; rel=next", 1, vec![]);
    let origin = "https://evil.example".to_owned();
    assert_eq!(
        walk(&[]).next(&other, &here()),
        Err(PaginateError::OtherOrigin { origin })
    );
    let plain = Scripted("<http://api.vendor.example/p>; rel=next", 1, vec![]);
    assert!(matches!(
        walk(&[]).next(&plain, &here()),
        Err(PaginateError::OtherOrigin { .. })
    ));
    let malformed = Scripted("next", 1, vec![]);
    assert!(matches!(
        walk(&[]).next(&malformed, &here()),
        Err(PaginateError::Link(_))
    ));
    let no_url = Scripted("<https://[>; rel=next", 1, vec![]);
    assert_eq!(walk(&[]).next(&no_url, &here()), Err(PaginateError::NoUrl));
}

#[test]
fn a_circle_is_seen() {
    let own = Scripted("<?page=1#top>; rel=next", 1, vec![]);
    assert_eq!(
        walk(&[]).next(&own, &here()),
        Err(PaginateError::Circle { pages: 1 })
    );

    let mut cursors = walk(&[("by", "cursor".into())]);
    for cursor in ["a", "b"] {
        cursors
            .next(&page(1, &[("/next_cursor", cursor)]), &here())
            .unwrap();
    }
    let again = cursors.next(&page(1, &[("/next_cursor", "a")]), &here());
    assert_eq!(again, Err(PaginateError::Circle { pages: 3 }));
}

#[test]
fn a_list_without_end_is_stopped() {
    let mut walk = walk(&[("by", "page".into()), ("max_pages", 3.into())]);
    for _ in 0..2 {
        walk.next(&page(1, &[]), &here()).unwrap();
    }
    assert_eq!(
        walk.next(&page(1, &[]), &here()),
        Err(PaginateError::TooManyPages { max_pages: 3 })
    );
}

#[test]
fn options_are_refused_by_name() {
    let rows: [(&[(&str, Value)], &str); 8] = [
        (
            &[("by", "magic".into())],
            "option 'pages.by' must be one of 'link', 'cursor', 'offset', 'page', got 'magic'",
        ),
        (
            &[("items", "data".into())],
            "option 'pages.items' must be a JSON pointer such as '/items', or '' for the whole, got 'data'",
        ),
        (
            &[("by", "cursor".into()), ("out", 1.into())],
            "option 'pages.out' must be a JSON pointer such as '/items', or '' for the whole, got 1",
        ),
        (
            &[("by", "cursor".into()), ("start", 1.into())],
            "option 'pages.start' must be one of the known options (by, in, items, max_pages, out, size, size_in), got an unknown option",
        ),
        (
            &[("out", "/next".into())],
            "option 'pages.out' must be one of the known options (by, items, max_pages, size, size_in), got an unknown option",
        ),
        (
            &[("by", "offset".into()), ("start", Value::Int(-1))],
            "option 'pages.start' must be an integer from 0 to 9223372036854775807, got -1",
        ),
        (
            &[("size_in", "limit".into())],
            "option 'pages.size' must be an integer beside 'size_in', got nothing",
        ),
        (
            &[("max_pages", 0.into())],
            "option 'pages.max_pages' must be an integer from 1 to 1000000, got 0",
        ),
    ];
    for (entries, message) in rows {
        assert_eq!(options(entries), Err(message.to_owned()));
    }
}

#[test]
fn left_out_a_list_follows_its_links() {
    let options = Options::parse(None).unwrap();
    assert_eq!(
        (options.way, options.items.as_str(), options.max_pages),
        (Way::Link, "", 1000)
    );
}

proptest! {
    #[test]
    fn an_offset_counts_what_came(sizes in prop::collection::vec(1_u64..100, 1..40), start in 0_u64..1000) {
        let start_option = Value::Int(i64::try_from(start).unwrap());
        let mut walk = walk(&[("by", "offset".into()), ("start", start_option)]);
        let mut sum = start;
        for size in sizes {
            sum += size;
            prop_assert_eq!(walk.next(&page(size, &[]), &here()), Ok(query(&[("offset", &sum.to_string())])));
        }
        prop_assert_eq!(walk.next(&page(0, &[]), &here()), Ok(Next::End));
    }
}
