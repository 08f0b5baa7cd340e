use std::cell::Cell;
use std::io::Write;
use std::rc::Rc;
use std::time::Duration;

use super::{
    SecretRef, clear_resolvers, forget, forget_older_than, is_reference, register_resolver,
};
use crate::clock::{self, UnixMs};

#[test]
fn no_form_of_debug_shows_a_value() {
    let literal = SecretRef::literal("hunter2");
    let resolved = literal.resolve().unwrap();
    assert_eq!(resolved.expose(), b"hunter2");
    assert_eq!(
        format!("{literal:?} {resolved:?}"),
        "SecretRef(literal) SecretBytes(…)"
    );
}

#[test]
fn a_file_is_read_without_its_last_line_break() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"s3cret\r\n").unwrap();
    let reference = format!("file:{}", file.path().display());
    assert_eq!(
        SecretRef::new(reference).resolve().unwrap().expose(),
        b"s3cret"
    );
}

#[test]
fn what_cannot_be_read_names_the_reference_and_the_reason() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = format!("file:{}", empty.path().display());
    let rows = [
        ("env:CAUSEWAY_NO_SUCH_VARIABLE", "clear_env"),
        ("file:/nonexistent/secret", "No such file"),
        (empty.as_str(), "the file is empty"),
        ("vault:a", "no resolver is registered for 'vault:'"),
        ("nothing", "looks like"),
    ];
    for (reference, reason) in rows {
        let error = SecretRef::new(reference).resolve().unwrap_err();
        assert_eq!(error.reference, reference);
        assert!(error.reason.contains(reason), "{error}");
    }
}

#[test]
fn a_resolvers_answer_is_kept_for_60_s_or_until_it_is_refused() {
    clock::freeze(UnixMs::from_secs(1_800_000_000));
    let asked = Rc::new(Cell::new(0));
    let counter = Rc::clone(&asked);
    let answer = move |id: &str| {
        counter.set(counter.get() + 1);
        Ok((id == "known").then(|| b"value".to_vec()))
    };
    register_resolver("key", Rc::new(answer));
    let secret = SecretRef::new("key:known");
    let resolve = || secret.resolve().unwrap();
    assert_eq!(resolve().expose(), b"value");
    clock::advance(Duration::from_secs(59));
    resolve();
    assert_eq!(asked.get(), 1);
    clock::advance(Duration::from_secs(1));
    resolve();
    assert_eq!(asked.get(), 2);
    forget(&secret);
    resolve();
    assert_eq!(asked.get(), 3);
    assert!(
        SecretRef::new("key:other")
            .resolve()
            .unwrap_err()
            .reason
            .contains("no such secret")
    );
    clear_resolvers();
    assert!(secret.resolve().is_err());
    clock::thaw();
}

#[test]
fn another_resolver_does_not_go_on_with_its_predecessors_answers() {
    let secret = SecretRef::new("swap:a");
    register_resolver("swap", Rc::new(|_| Ok(Some(b"old".to_vec()))));
    assert_eq!(secret.resolve().unwrap().expose(), b"old");
    register_resolver("swap", Rc::new(|_| Ok(Some(b"new".to_vec()))));
    assert_eq!(secret.resolve().unwrap().expose(), b"new");
    clear_resolvers();
}

#[test]
fn an_answer_is_dropped_for_a_doubt_only_when_it_is_old() {
    clock::freeze(UnixMs::from_secs(1_800_000_000));
    register_resolver("doubt", Rc::new(|_| Ok(Some(b"value".to_vec()))));
    let secret = SecretRef::new("doubt:a");
    let age = Duration::from_secs(5);
    assert!(!forget_older_than(&secret, age));
    secret.resolve().unwrap();
    clock::advance(age);
    assert!(!forget_older_than(&secret, age));
    clock::advance(Duration::from_millis(1));
    assert!(forget_older_than(&secret, age));
    assert!(!forget_older_than(&secret, age));
    clear_resolvers();
    clock::thaw();
}

#[test]
fn the_form_of_references() {
    let rows = [
        ("env:A", true),
        ("key:id", true),
        ("my_vault:a/b:c", true),
        ("env:", false),
        (":a", false),
        ("plain", false),
        ("https://host/", false),
        ("Upper:a", false),
    ];
    for (text, expected) in rows {
        assert_eq!(is_reference(text), expected, "{text}");
    }
}
