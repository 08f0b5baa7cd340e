//! Tests of what gives a restored store away, and of what must not be taken for one.

use std::path::Path;

use super::tests::{named, outbox, outbox_in, pass, post};
use super::*;
use crate::clock::{self, UnixMs};
use crate::snapshot::testing::{NOW_MS, Script};
use crate::store::SqliteStore;
use crate::testing::failpoint;

#[test]
fn a_restored_store_starts_paused_and_sends_nothing_unasked() {
    let outbox = outbox();
    outbox.process(&Script::default(), 9).unwrap();
    outbox.send(&post("a"), &named("1")).unwrap();
    // Yesterday's backup has the item and the relay's record; the item was sent since.
    let store = outbox.store().clone();
    pass(24 * 3600);
    let after = outbox_again(&store);
    let paused = after
        .process(&Script::default(), 9)
        .unwrap()
        .paused
        .unwrap();
    assert!(paused.contains("was last here 24 h ago"), "{paused}");
    assert!(paused.contains("backup"), "{paused}");
    assert_eq!(
        after.process(&Script::default(), 9).unwrap().paused,
        Some(paused.clone())
    );
    assert_eq!(after.counts().unwrap().paused, Some(paused));
    after.resume().unwrap();
    let vendor = Script::default().answer(200, "");
    assert_eq!(after.process(&vendor, 9).unwrap().sent, 1);
}

fn outbox_again(store: &Rc<dyn Store>) -> Outbox {
    Outbox::new(store.clone(), "crm", OutboxOptions::default())
}

#[test]
fn a_clock_that_jumps_both_ways_does_not_stop_a_relay_at_work_and_sends_nothing_twice() {
    let outbox = outbox();
    outbox.process(&Script::default(), 9).unwrap();
    outbox.send(&post("a"), &named("1")).unwrap();
    clock::freeze(UnixMs(NOW_MS + 24 * 3_600_000));
    let vendor = Script::default().answer(200, "");
    let sent = outbox.process(&vendor, 9).unwrap();
    assert_eq!((sent.sent, sent.paused), (1, None));
    outbox.send(&post("b"), &named("2")).unwrap();
    clock::freeze(UnixMs(NOW_MS));
    outbox.send(&post("c"), &named("3")).unwrap();
    // Also another process, that was started after the jump.
    let again = outbox_again(outbox.store());
    let vendor = Script::default().answer(200, "").answer(200, "");
    let sent = again.process(&vendor, 9).unwrap();
    assert_eq!((sent.sent, sent.paused), (2, None));
    assert_eq!(outbox.process(&Script::default(), 9).unwrap().sent, 0);
    assert_eq!(outbox.counts().unwrap().done, 3);
}

#[test]
fn a_relay_that_was_away_with_nothing_left_behind_just_goes_on() {
    let outbox = outbox();
    outbox.process(&Script::default(), 9).unwrap();
    pass(24 * 3600);
    outbox.send(&post("a"), &named("1")).unwrap();
    let vendor = Script::default().answer(200, "");
    assert_eq!(outbox.process(&vendor, 9).unwrap().sent, 1);
}

#[test]
fn a_store_that_went_back_is_noticed_by_who_saw_it_before() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let outbox = outbox_in(Rc::new(SqliteStore::open(&path).unwrap()), Unsure::Repeat);
    outbox.process(&Script::default(), 9).unwrap();
    outbox.send(&post("a"), &named("1")).unwrap();
    let relay = Key::of(&[b"relay", b"crm"]);
    let old = outbox.store().read(Kind::Outbox, &relay).unwrap().unwrap();
    pass(61);
    assert_eq!(
        outbox
            .process(&Script::default().answer(200, ""), 9)
            .unwrap()
            .sent,
        1
    );
    // The record as the backup has it, a minute old.
    outbox.store().delete(Kind::Outbox, &relay).unwrap();
    outbox.store().insert(Kind::Outbox, &old).unwrap();
    let paused = outbox
        .process(&Script::default(), 9)
        .unwrap()
        .paused
        .unwrap();
    assert!(paused.contains("older than it was"), "{paused}");
}

/// A store with one item, which is sent after a backup of its files was made, a second and a half
/// old. The outbox of whoever comes after the restore, in a directory that lives as long.
fn restored(restore: impl Fn(&Path, &Path)) -> (Outbox, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (live, backup) = (dir.path().join("live"), dir.path().join("backup"));
    std::fs::create_dir(&live).unwrap();
    let open = || -> Rc<dyn Store> { Rc::new(SqliteStore::open(live.join("s.sqlite")).unwrap()) };
    let outbox = outbox_in(open(), Unsure::Repeat);
    outbox.process(&Script::default(), 9).unwrap();
    outbox.send(&post("a"), &named("1")).unwrap();
    drop(outbox);
    copy(&live, &backup);
    clock::advance(Duration::from_millis(1500));
    let vendor = Script::default().answer(200, "");
    assert_eq!(outbox_again(&open()).process(&vendor, 9).unwrap().sent, 1);
    restore(&backup, &live);
    let after = outbox_again(&open());
    (after, dir)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

fn reason(outbox: &Outbox) -> String {
    let relayed = outbox.process(&Script::default(), 9).unwrap();
    assert_eq!(relayed.sent, 0);
    relayed.paused.unwrap_or_default()
}

#[test]
fn a_backup_of_seconds_ago_that_is_written_over_the_store_is_noticed_by_the_mark_beside_it() {
    let store_alone = |backup: &Path, live: &Path| {
        std::fs::copy(backup.join("s.sqlite"), live.join("s.sqlite")).unwrap();
    };
    let (after, _dir) = restored(store_alone);
    assert!(reason(&after).contains("older than it was"));
    assert!(reason(&after).contains("older than it was"), "it stays so");
    after.resume().unwrap();
    let vendor = Script::default().answer(200, "");
    assert_eq!(after.process(&vendor, 9).unwrap().sent, 1);
}

#[test]
fn a_store_that_is_restored_with_the_mark_beside_it_is_noticed_as_a_copy() {
    let whole_directory = |backup: &Path, live: &Path| {
        std::fs::remove_dir_all(live).unwrap();
        copy(backup, live);
    };
    let (after, _dir) = restored(whole_directory);
    assert!(reason(&after).contains("is another file than it was"));
}

#[test]
fn a_store_and_its_mark_that_are_written_over_by_older_ones_are_noticed() {
    let (after, _dir) = restored(copy);
    assert!(reason(&after).contains("is another file than it was"));
}

#[test]
fn a_store_that_is_restored_without_the_mark_is_noticed() {
    let (after, _dir) = restored(|backup: &Path, live: &Path| {
        std::fs::remove_dir_all(live).unwrap();
        std::fs::create_dir(live).unwrap();
        std::fs::copy(backup.join("s.sqlite"), live.join("s.sqlite")).unwrap();
    });
    assert!(reason(&after).contains("is another file than it was"));
}

#[test]
fn a_plain_restart_and_a_copy_with_nothing_to_send_just_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let open = |path: &Path| -> Rc<dyn Store> { Rc::new(SqliteStore::open(path).unwrap()) };
    let first = outbox_in(open(&path), Unsure::Repeat);
    first.process(&Script::default(), 9).unwrap();
    first.send(&post("a"), &named("1")).unwrap();
    drop(first);
    let again = outbox_again(&open(&path));
    let vendor = Script::default().answer(200, "");
    assert_eq!(again.process(&vendor, 9).unwrap().sent, 1);
    drop(again);
    let moved = dir.path().join("moved.sqlite");
    std::fs::copy(&path, &moved).unwrap();
    let there = outbox_again(&open(&moved));
    assert_eq!(reason(&there), "");
    there.send(&post("b"), &named("2")).unwrap();
    let vendor = Script::default().answer(200, "");
    assert_eq!(there.process(&vendor, 9).unwrap().sent, 1);
}

/// A process that dies between its note in the store and the mark beside it leaves a mark behind, never
/// ahead: nobody takes the store for an older one.
#[test]
fn a_death_between_note_and_mark_is_no_restore() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("s.sqlite");
    let open = || -> Rc<dyn Store> { Rc::new(SqliteStore::open(&path).unwrap()) };
    drop(outbox_in(open(), Unsure::Repeat));
    for seconds in [0, 61, 61] {
        pass(seconds);
        failpoint::arm_to_stop("outbox.noted", 1);
        assert!(
            outbox_again(&open())
                .process(&Script::default(), 9)
                .is_err()
        );
        let id = SendOptions::default();
        outbox_again(&open()).send(&post("a"), &id).unwrap();
        let vendor = Script::default().answer(200, "");
        let after = outbox_again(&open()).process(&vendor, 9).unwrap();
        assert_eq!((after.sent, after.paused), (1, None));
    }
}

#[test]
fn a_directory_for_marks_tells_an_older_store_that_is_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let with_marks = |store: &Rc<dyn Store>| {
        let options = OutboxOptions {
            mark_dir: Some(dir.path().to_owned()),
            ..OutboxOptions::default()
        };
        Outbox::new(store.clone(), "crm", options)
    };
    let store = outbox().store().clone();
    let outbox = with_marks(&store);
    outbox.process(&Script::default(), 9).unwrap();
    let relay = Key::of(&[b"relay", b"crm"]);
    let backup = store.read(Kind::Outbox, &relay).unwrap().unwrap();
    pass(61);
    outbox.process(&Script::default(), 9).unwrap();
    store.delete(Kind::Outbox, &relay).unwrap();
    store.insert(Kind::Outbox, &backup).unwrap();
    assert!(reason(&with_marks(&store)).contains("older than it was"));
    // Another host that begins to relay has no mark, and goes on.
    let elsewhere = outbox_again(&store);
    elsewhere.resume().unwrap();
    assert_eq!(reason(&elsewhere), "");
}
