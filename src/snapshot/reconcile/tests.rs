use std::cell::RefCell;

use super::*;
use crate::clock;
use crate::http::{CallError, CallErrorKind};
use crate::snapshot::testing::{Script, answer, contacts, list_of};
use crate::store::{MemoryStore, Store};

fn options(deletions: Deletions) -> ReconcileOptions {
    ReconcileOptions {
        list: list_of(100),
        deletions,
        max_absent: 0.4,
        is_forced: false,
        is_dry_run: false,
        lease: Duration::from_secs(10),
    }
}

/// Contacts 1 to 5, as they were a second ago.
fn known() -> (Rc<MemoryStore>, Rc<Snapshots>) {
    let (store, snapshots) = contacts();
    for id in 1..=5 {
        let json = format!(r#"{{"id":{id},"v":1}}"#);
        snapshots
            .put("contact", &id.to_string(), json.as_bytes())
            .unwrap();
    }
    clock::advance(Duration::from_secs(1));
    (store, snapshots)
}

fn list(items: &str) -> Script {
    Script::default().answer(200, &format!(r#"{{"items":[{items}]}}"#))
}

fn run(snapshots: &Rc<Snapshots>, options: ReconcileOptions, vendor: &Script) -> ReconcileReport {
    let reconcile = Reconcile::new(snapshots.clone(), "contact", options).unwrap();
    reconcile.run(vendor, None).unwrap()
}

fn ids(report: &ReconcileReport, difference: Difference) -> Vec<&str> {
    let ids = report.ids.get(&difference);
    ids.into_iter().flatten().map(String::as_str).collect()
}

#[test]
fn only_differences_are_repaired_and_reported() {
    let (_, snapshots) = known();
    let before = snapshots.peek("contact", "1").unwrap().unwrap().version();
    // 1 in another spelling, 2 changed, 3 deleted, 6 new; 4 and 5 are not named.
    let vendor = list(
        r#"{"v":1, "id":1},{"id":2,"v":2},{"id":3,"deleted":true},{"id":6,"v":1},{"id":7,"deleted":true}"#,
    );
    let report = run(&snapshots, options(Deletions::Keep), &vendor);
    assert_eq!(
        (
            report.listed,
            report.same,
            report.changed,
            report.missing,
            report.deleted
        ),
        (5, 2, 1, 1, 1)
    );
    assert_eq!(
        (report.repaired, report.is_complete, report.absent),
        (3, true, 0)
    );
    assert_eq!(ids(&report, Difference::Changed), ["2"]);
    let peek = |id: &str| snapshots.peek("contact", id).unwrap();
    assert_eq!(
        peek("1").unwrap().version(),
        before,
        "the same is not written"
    );
    assert_eq!(peek("2").unwrap().data(), br#"{"id":2,"v":2}"#);
    assert_eq!((peek("3"), peek("7")), (None, None));
    assert_eq!(peek("6").unwrap().cause(), "reconcile");
    let told = RefCell::new(Vec::new());
    let mut tell = |tags: &[String]| {
        told.borrow_mut().extend_from_slice(tags);
        Ok(())
    };
    snapshots.settle(&mut tell, 9).unwrap();
    told.borrow_mut().sort();
    assert_eq!(
        *told.borrow(),
        ["crm:contact:2", "crm:contact:3", "crm:contact:6"]
    );
}

#[test]
fn a_dry_run_reports_and_writes_nothing() {
    let (store, snapshots) = known();
    let counts = store.counts(Kind::Snapshot).unwrap();
    let mut dry = options(Deletions::Absent);
    dry.is_dry_run = true;
    let vendor = list(r#"{"id":1,"v":2},{"id":2,"v":1},{"id":3,"v":1},{"id":9,"v":1}"#);
    let report = run(&snapshots, dry, &vendor);
    assert_eq!((report.changed, report.missing, report.absent), (1, 1, 2));
    assert_eq!((report.repaired, report.refused), (0, None));
    assert_eq!(store.counts(Kind::Snapshot).unwrap(), counts);
}

#[test]
fn absence_makes_gone_within_the_share_that_is_believed() {
    for (items, absent, refused) in [
        (r#"{"id":1,"v":1},{"id":2,"v":1},{"id":3,"v":1}"#, 2, None),
        (r#"{"id":1,"v":1},{"id":2,"v":1}"#, 3, Some("lacks 3 of 5")),
        ("", 5, Some("the list is empty, and 5")),
        (
            r#"{"id":1,"deleted":true}"#,
            4,
            Some("the list is empty, and 4"),
        ),
    ] {
        let (_, snapshots) = known();
        let report = run(&snapshots, options(Deletions::Absent), &list(items));
        assert_eq!(report.absent, absent, "{items}");
        match refused {
            None => assert_eq!(report.refused, None),
            Some(why) => assert!(report.refused.clone().unwrap().contains(why), "{report:?}"),
        }
        let is_there = snapshots.peek("contact", "5").unwrap().is_some();
        assert_eq!(is_there, refused.is_some(), "{items}");
    }
    let (_, snapshots) = known();
    let mut forced = options(Deletions::Absent);
    forced.is_forced = true;
    let report = run(&snapshots, forced, &list(""));
    assert_eq!(
        (report.absent, report.repaired, report.refused),
        (5, 5, None)
    );
    assert_eq!(snapshots.peek("contact", "1").unwrap(), None);
}

/// The list first; then each contact by its id, of which 4 is no more.
struct WithoutFour;

impl Fetch for WithoutFour {
    fn fetch(&self, request: &crate::http::Request) -> Result<crate::http::Answer, CallError> {
        let (status, body) = match request.target.as_str() {
            "contacts" => (
                200,
                r#"{"items":[{"id":1,"v":1},{"id":2,"v":1},{"id":3,"v":1}]}"#,
            ),
            "contacts/4" => (404, ""),
            _ => (200, r#"{"id":5,"v":1}"#),
        };
        Ok(answer(status, body))
    }
}

#[test]
fn absent_ones_can_be_asked_for_one_by_one() {
    let (_, snapshots) = known();
    let options = options(Deletions::Confirm);
    let reconcile = Reconcile::new(snapshots.clone(), "contact", options).unwrap();
    let report = reconcile.run(&WithoutFour, None).unwrap();
    assert_eq!((report.absent, report.repaired), (2, 1));
    assert_eq!(snapshots.peek("contact", "4").unwrap(), None);
    assert!(snapshots.peek("contact", "5").unwrap().is_some());
}

#[test]
fn what_was_written_meanwhile_is_newer_than_the_list() {
    let (_, snapshots) = known();
    let later = snapshots.clone();
    let vendor = Script::default().then(move || {
        clock::advance(Duration::from_millis(1));
        later.put("contact", "1", br#"{"id":1,"v":3}"#).unwrap();
        later.put("contact", "8", br#"{"id":8,"v":1}"#).unwrap();
        let items = r#"{"items":[{"id":1,"v":2},{"id":2,"v":1},{"id":3,"v":1},{"id":4,"v":1},{"id":5,"v":1}]}"#;
        Ok(answer(200, items))
    });
    let report = run(&snapshots, options(Deletions::Absent), &vendor);
    assert_eq!((report.newer, report.absent, report.repaired), (1, 0, 0));
    assert_eq!(
        snapshots.peek("contact", "1").unwrap().unwrap().data(),
        br#"{"id":1,"v":3}"#
    );
    assert!(snapshots.peek("contact", "8").unwrap().is_some());
}

#[test]
fn a_list_that_was_not_walked_to_its_end_makes_nothing_gone() {
    let (_, snapshots) = known();
    let vendor = Script::default()
        .answer(200, r#"{"items":[{"id":1,"v":1}],"next_cursor":"c"}"#)
        .error(CallErrorKind::Paused);
    let report = run(&snapshots, options(Deletions::Absent), &vendor);
    assert_eq!((report.is_complete, report.absent), (false, 0));
    assert!(snapshots.peek("contact", "5").unwrap().is_some());
}

#[test]
fn the_last_report_is_kept_and_a_killed_run_is_begun_anew() {
    let (_, snapshots) = known();
    let items = r#"{"id":1,"v":2},{"id":2,"v":2}"#;
    let reconcile = Reconcile::new(snapshots.clone(), "contact", options(Deletions::Keep)).unwrap();
    assert_eq!(reconcile.last().unwrap(), None);
    for point in ["before_repair", "inside_repair", "after_repair"] {
        failpoint::arm_to_stop(&format!("reconcile.{point}"), 1);
        assert!(reconcile.run(&list(items), None).is_err(), "{point}");
        clock::advance(Duration::from_secs(1));
    }
    let report = reconcile.run(&list(items), None).unwrap();
    assert_eq!(
        (report.same, report.changed),
        (2, 0),
        "the third run's repair stood"
    );
    let (json, _) = reconcile.last().unwrap().unwrap();
    assert_eq!(json, report.to_json());
    assert!(json.contains(r#""listed":2"#), "{json}");
}
