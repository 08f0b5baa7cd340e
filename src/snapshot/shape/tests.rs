use super::*;
use crate::options;
use crate::snapshot::testing::{Script, contacts, contacts_of};
use crate::store::MemoryStore;

fn shapes_of(version: u32, from: u32) -> options::Shapes {
    options::Shapes { version, from }
}

/// Three rows of shape 1, one of them owed, and the same store under a newer release.
fn expanded() -> (Rc<MemoryStore>, Rc<Snapshots>, Rc<Snapshots>) {
    let (store, old) = contacts();
    for id in ["1", "2", "3"] {
        old.put("contact", id, br#"{"name":"Ann B"}"#).unwrap();
    }
    old.put("contact", "3", br#"{"name":"Cy D"}"#).unwrap();
    let new = contacts_of(store.clone(), |contact| contact.schema = shapes_of(2, 1));
    (store, old, new)
}

fn split(json: &[u8], _: &str, shape: u32) -> Result<Option<Vec<u8>>, CallbackError> {
    assert_eq!(shape, 1);
    let name = String::from_utf8(json.to_vec()).unwrap();
    Ok(Some(name.replace("name", "full_name").into_bytes()))
}

#[test]
fn both_shapes_are_readable_side_by_side_and_old_rows_become_new_in_chunks() {
    let (_, old, new) = expanded();
    let shapes = Shapes::new(new.clone(), "contact").unwrap();
    assert!(shapes.contract().is_err());
    assert_eq!(new.peek("contact", "1").unwrap().unwrap().shape(), 1);
    let mut told = Vec::new();
    let mut tell = |done, left| {
        told.push((done, left));
        Ok(())
    };
    let first = shapes.rewrite(&mut split, Some(&mut tell), 1, 2).unwrap();
    assert_eq!((first.rewritten, first.left), (2, 1));
    assert_eq!(shapes.counts().unwrap(), [(1, 1), (2, 2)].into());
    let rest = shapes.rewrite(&mut split, Some(&mut tell), 1, 99).unwrap();
    assert_eq!((rest.rewritten, rest.left), (1, 0));
    assert_eq!(told, [(1, 2), (2, 1), (1, 0)]);
    shapes.contract().unwrap();
    let one = new.peek("contact", "1").unwrap().unwrap();
    assert_eq!(
        (one.data(), one.shape()),
        (&br#"{"full_name":"Ann B"}"#[..], 2)
    );
    // An older release beside it reads what is there, and what was owed is still paid once.
    assert_eq!(
        old.peek("contact", "1").unwrap().unwrap().data(),
        one.data()
    );
    let mut paid = Vec::new();
    let mut pay = |tags: &[String]| {
        paid.extend_from_slice(tags);
        Ok(())
    };
    assert_eq!(new.settle(&mut pay, 9).unwrap(), 1);
    assert_eq!(paid, ["crm:contact:3"]);
    assert_eq!(shapes.counts().unwrap(), [(2, 3)].into());
}

#[test]
fn what_is_older_than_is_read_is_fetched_anew_without_a_validator() {
    let (store, _, _) = expanded();
    let contracted = contacts_of(store, |contact| contact.schema = shapes_of(2, 2));
    assert_eq!(contracted.peek("contact", "1").unwrap(), None);
    let vendor = Script::default().answer(200, r#"{"full_name":"Ann B"}"#);
    let got = contracted.get(&vendor, "contact", "1").unwrap();
    assert_eq!(got.shape(), 2);
    let asked = vendor.asked();
    assert!(
        asked[0]
            .headers
            .iter()
            .all(|(name, _)| name != "If-None-Match")
    );
}

#[test]
fn after_a_contraction_an_old_release_reads_on_and_writes_no_more() {
    let (store, old, new) = expanded();
    let shapes = Shapes::new(new.clone(), "contact").unwrap();
    assert!(shapes.contract().is_err());
    assert_eq!(shapes.contracted().unwrap(), 0, "a refusal records nothing");
    old.put("contact", "1", b"{}").unwrap();
    shapes.rewrite(&mut split, None, 9, 99).unwrap();
    shapes.contract().unwrap();
    assert_eq!(shapes.contracted().unwrap(), 2);

    let refused = old.put("contact", "1", b"{}").unwrap_err().to_string();
    assert!(
        refused.contains("contact was contracted to shape 2, and this release writes shape 1"),
        "{refused}"
    );
    let vendor = Script::default();
    assert!(old.refresh(&vendor, "contact", "1").is_err());
    assert!(old.get(&vendor, "contact", "new").is_err());
    let ids = ["1", "new", "newer"].map(str::to_owned);
    let many = old.many(&vendor, "contact", &ids).unwrap();
    assert_eq!(many.len(), 1, "what is there is shown");
    assert!(vendor.asked().is_empty(), "nobody is asked in vain");
    assert!(old.peek("contact", "1").unwrap().is_some());
    let back = Shapes::new(old.clone(), "contact").unwrap();
    assert!(back.rewrite(&mut split, None, 9, 99).is_err());

    new.put("contact", "1", b"{}").unwrap();
    let next = contacts_of(store, |contact| contact.schema = shapes_of(3, 2));
    next.put("contact", "1", b"{}").unwrap();
    back.expand().unwrap();
    old.put("contact", "1", b"{}").unwrap();
}

#[test]
fn a_failed_rewriting_leaves_its_chunk_and_a_dropped_row_is_gone() {
    let (_, _, new) = expanded();
    let shapes = Shapes::new(new.clone(), "contact").unwrap();
    let mut fail = |_: &[u8], id: &str, _| match id {
        "2" => Err(CallbackError::new("no")),
        _ => Ok(Some(b"{}".to_vec())),
    };
    assert!(shapes.rewrite(&mut fail, None, 9, 9).is_err());
    assert_eq!(shapes.counts().unwrap(), [(1, 3)].into());
    let mut drop = |_: &[u8], _: &str, _| Ok(None);
    let done = shapes.rewrite(&mut drop, None, 9, 9).unwrap();
    assert_eq!((done.dropped, done.left), (3, 0));
    assert_eq!(new.peek("contact", "1").unwrap(), None);
}
