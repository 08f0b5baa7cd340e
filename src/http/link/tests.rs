use proptest::prelude::*;

use super::{Link, MalformedLink, parse, target_of};

fn link(target: &str, rels: &[&str]) -> Link {
    Link {
        target: target.to_owned(),
        rels: rels.iter().map(|&rel| rel.to_owned()).collect(),
        has_anchor: false,
    }
}

fn read(value: &str) -> Result<Vec<Link>, MalformedLink> {
    parse([value.as_bytes()])
}

#[test]
fn links_are_read() {
    let rows: [(&str, Vec<Link>); 16] = [
        ("", vec![]),
        (" , ,", vec![]),
        ("</p?page=2>; rel=next", vec![link("/p?page=2", &["next"])]),
        (
            "<https://api.vendor.example/p?page=2&a=b,c;d>; rel=\"next\", <?page=9>; rel=\"last\"",
            vec![
                link("https://api.vendor.example/p?page=2&a=b,c;d", &["next"]),
                link("?page=9", &["last"]),
            ],
        ),
        ("<a>;rel=\"next last\"", vec![link("a", &["next", "last"])]),
        ("<a> ; REL = NEXT", vec![link("a", &["next"])]),
        ("<a>; rel=prev; rel=next", vec![link("a", &["prev"])]),
        ("<>; rel=self", vec![link("", &["self"])]),
        ("<a>", vec![link("a", &[])]),
        ("<a>;", vec![link("a", &[])]),
        ("<a>;;rel=next;", vec![link("a", &["next"])]),
        (
            "<a>; rel=\"next\"; title=\"a, \\\"b\\\"; <c>\"",
            vec![link("a", &["next"])],
        ),
        (
            "<a>; title*=UTF-8'de'n%c3%a4chstes%20Kapitel; rel=next",
            vec![link("a", &["next"])],
        ),
        ("<a>; crossorigin; rel=next", vec![link("a", &["next"])]),
        (
            "<a>; rel=\"https://vendor.example/rels/More\"",
            vec![link("a", &["https://vendor.example/rels/more"])],
        ),
        (
            ",<a>;rel=next , , <b>;rel=prev,",
            vec![link("a", &["next"]), link("b", &["prev"])],
        ),
    ];
    for (value, expected) in rows {
        assert_eq!(read(value), Ok(expected), "{value}");
    }
}

#[test]
fn what_does_not_follow_the_grammar_is_refused() {
    let rows = [
        ("a; rel=next", 0, "'<'"),
        ("<a; rel=next", 3, "a character of a URI"),
        ("<a", 2, "'>'"),
        ("<a b>; rel=next", 2, "a character of a URI"),
        ("<a\"b>", 2, "a character of a URI"),
        ("<a>; rel=", 9, "a token or a quoted string"),
        ("<a>; rel=\"next", 14, "'\"'"),
        ("<a>; rel=\"next\\", 15, "'\"'"),
        ("<a> rel=next", 4, "',', ';' or the end"),
        ("<a>; rel=next prev", 14, "',', ';' or the end"),
        ("<a>; rel=next <b>; rel=prev", 14, "',', ';' or the end"),
        ("<a>; rel=http://b", 13, "',', ';' or the end"),
    ];
    for (value, at, expected) in rows {
        assert_eq!(read(value), Err(MalformedLink { at, expected }), "{value}");
    }
    assert!(parse([b"<caf\xc3\xa9>".as_slice()]).is_err());
    assert!(read(&"<a>,".repeat(101)).is_err());
    assert!(read(&"<a>,".repeat(100)).is_ok());
}

#[test]
fn lines_of_the_field_are_one_list() {
    let links = parse([b"<a>; rel=next".as_slice(), b"<b>; rel=prev"]).unwrap();
    assert_eq!(target_of(&links, "prev"), Some("b"));
    assert_eq!(target_of(&links, "last"), None);
}

#[test]
fn a_link_about_something_else_is_not_the_answers() {
    let links = read("<a>; rel=next; anchor=\"/other\", <b>; rel=next").unwrap();
    assert_eq!(target_of(&links, "next"), Some("b"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_in_place(value: Vec<u8>) {
        if let Err(malformed) = parse([value.as_slice()]) {
            prop_assert!(malformed.at <= value.len());
        }
    }

    #[test]
    fn what_is_written_is_read(
        targets in prop::collection::vec("[a-z0-9/?&=.,;:%~-]{0,20}", 0..8),
        rel in "[a-z]{1,9}",
        space in "[ \t]{0,2}",
    ) {
        let value: Vec<String> = targets.iter().map(|target| format!("<{target}>{space};{space}rel{space}={space}\"{rel}\"")).collect();
        let expected: Vec<Link> = targets.iter().map(|target| link(target, &[&rel])).collect();
        prop_assert_eq!(read(&value.join(&format!("{space},{space}"))), Ok(expected));
    }
}
