use std::{
    fs as std_fs,
    os::unix::fs::{PermissionsExt, symlink},
};

use tempfile::TempDir;

use super::*;
use crate::segment::Segment;

/// A directory with a right file in it.
fn made() -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).map(drop).unwrap();
    let path = path(dir.path());
    (dir, path)
}

fn reason(dir: &TempDir) -> Refused {
    match open(dir.path()).map(drop).unwrap_err() {
        SegmentError::Refused { reason, .. } => reason,
        SegmentError::Io { source, .. } => panic!("{source}"),
    }
}

fn word_offset(pick: fn(&Header) -> &std::sync::atomic::AtomicU64) -> u64 {
    let segment = Segment::in_process();
    let header = &segment.shared.layout().header;
    (std::ptr::from_ref(pick(header)).addr() - std::ptr::from_ref(header).addr()) as u64
}

fn overwrite(path: &Path, offset: u64, value: u64) {
    use std::os::unix::fs::FileExt;
    let file = std_fs::OpenOptions::new().write(true).open(path).unwrap();
    file.write_all_at(&value.to_le_bytes(), offset).unwrap();
}

#[test]
fn the_file_is_private_whole_and_alone() {
    let (dir, path) = made();
    let metadata = std_fs::metadata(&path).unwrap();
    assert_eq!(
        (metadata.permissions().mode() & 0o7777, metadata.len()),
        (0o600, SIZE as u64)
    );
    assert_eq!(std_fs::read_dir(dir.path()).unwrap().count(), 1);
    let uid = geteuid().as_raw();
    assert_eq!(
        path.file_name().unwrap().to_str().unwrap(),
        format!("causeway-{uid}-3.seg")
    );
}

#[test]
fn two_openers_see_each_other() {
    use crate::telemetry::Counter;
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (
        Segment::open(dir.path()).unwrap(),
        Segment::open(dir.path()).unwrap(),
    );
    one.connection("shop", "catalog").count(Counter::Calls, 3);
    assert_eq!(
        other.connection("shop", "catalog").counter(Counter::Calls),
        3
    );
    let listed: Vec<_> = other
        .connections()
        .into_iter()
        .map(|(namespace, name, _)| (namespace, name))
        .collect();
    assert_eq!(listed, [("shop".to_owned(), "catalog".to_owned())]);
    assert_eq!(other.status().kind, crate::segment::Kind::File);
    assert_eq!(other.status().connections, 1);
}

#[test]
fn what_was_counted_outlives_its_last_user() {
    use crate::telemetry::Counter;
    let dir = tempfile::tempdir().unwrap();
    Segment::open(dir.path())
        .unwrap()
        .connection("", "crm")
        .count(Counter::Calls, 2);
    assert_eq!(
        Segment::open(dir.path())
            .unwrap()
            .connection("", "crm")
            .counter(Counter::Calls),
        2
    );
}

#[test]
fn racing_makers_end_with_one_file() {
    let dir = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for n in 0..8_u64 {
            let dir = &dir;
            scope.spawn(move || {
                let segment = Segment::open(dir.path()).unwrap();
                segment
                    .connection("", "catalog")
                    .count(crate::telemetry::Counter::Calls, 1 << n);
            });
        }
    });
    let segment = Segment::open(dir.path()).unwrap();
    assert_eq!(
        segment
            .connection("", "catalog")
            .counter(crate::telemetry::Counter::Calls),
        255
    );
    assert_eq!(std_fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_file_that_others_may_read_is_refused() {
    let (dir, path) = made();
    for mode in [0o640, 0o604, 0o400, 0o700, 0o4600] {
        std_fs::set_permissions(&path, std_fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(reason(&dir), Refused::Mode(mode), "{mode:o}");
    }
}

#[test]
fn another_user_s_file_is_refused() {
    let (dir, path) = made();
    if !geteuid().is_root() {
        // Nobody else can give a file away; the check itself is the same for every owner.
        let mut stat = fs::lstat(&path).unwrap();
        stat.st_uid += 1;
        assert_eq!(check_stat(&stat), Err(Refused::Owner(stat.st_uid)));
        return;
    }
    std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
    assert_eq!(reason(&dir), Refused::Owner(65_534));
}

#[test]
fn a_file_of_another_size_is_refused() {
    let (dir, path) = made();
    for size in [0, SIZE as u64 - 1, SIZE as u64 + 1] {
        std_fs::OpenOptions::new()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(size)
            .unwrap();
        assert_eq!(reason(&dir), Refused::Size, "{size}");
    }
}

#[test]
fn what_is_no_file_of_ours_is_refused_and_left_alone() {
    let (dir, path) = made();
    std_fs::rename(&path, dir.path().join("elsewhere")).unwrap();
    symlink(dir.path().join("elsewhere"), &path).unwrap();
    assert_eq!(reason(&dir), Refused::Link);
    std_fs::remove_file(&path).unwrap();
    symlink(dir.path().join("not there"), &path).unwrap();
    assert_eq!(reason(&dir), Refused::Link);
    assert!(!dir.path().join("not there").exists());
    std_fs::remove_file(&path).unwrap();
    fs::mknodat(fs::CWD, &path, FileType::Fifo, PRIVATE, 0).unwrap();
    assert_eq!(reason(&dir), Refused::Kind);
    std_fs::remove_file(&path).unwrap();
    let foreign = vec![b'x'; SIZE];
    std_fs::write(&path, &foreign).unwrap();
    std_fs::set_permissions(&path, std_fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(reason(&dir), Refused::Magic);
    assert_eq!(std_fs::read(&path).unwrap(), foreign);
}

#[test]
fn another_layout_is_refused() {
    let (dir, path) = made();
    overwrite(&path, word_offset(|header| &header.version), 1);
    assert_eq!(reason(&dir), Refused::Layout(1));
    overwrite(&path, word_offset(|header| &header.version), VERSION.into());
    overwrite(&path, word_offset(|header| &header.bytes), 4096);
    assert_eq!(reason(&dir), Refused::Size);
}

#[test]
fn a_file_of_an_earlier_boot_is_replaced_by_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    let before = Segment::open(dir.path()).unwrap();
    before
        .connection("", "catalog")
        .hold_until(crate::clock::Monotonic::from_nanos(u64::MAX));
    before
        .shared
        .layout()
        .header
        .boot
        .store(1, Ordering::Relaxed);
    let after = Segment::open(dir.path()).unwrap();
    if boot() != 0 {
        assert_eq!(after.connections().len(), 0);
    }
    assert_eq!(std_fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn of_boots_only_two_known_ones_differ() {
    let rows = [(1, 2, true), (1, 1, false), (0, 1, false), (1, 0, false)];
    for (written, now, expected) in rows {
        assert_eq!(
            is_of_another_boot(written, now),
            expected,
            "{written} {now}"
        );
    }
}

#[test]
fn a_directory_that_is_not_there_says_so() {
    let error = open(Path::new("/does/not/exist")).map(drop).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot make the segment '/does/not/exist/causeway-"),
        "{error}"
    );
}
