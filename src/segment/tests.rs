//! The segment between real processes: this test's binary runs itself, and is killed.

use std::{
    fs::{Permissions, read_dir, set_permissions},
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::{Child, Command, Stdio},
};

use super::*;
use crate::{
    policy::breaker::{Options, Outcome, State},
    telemetry::Counter,
};

const DIR: &str = "CAUSEWAY_TEST_SEGMENT_DIR";
const ROLE: &str = "CAUSEWAY_TEST_SEGMENT_ROLE";
const LEASE: [u8; 32] = [3; 32];

/// A child in a role, once it has said that it is there.
struct Worker(Child);

impl Worker {
    fn start(dir: &Path, role: &str) -> Self {
        Self::start_as(dir, role, rustix::process::geteuid().as_raw())
    }

    /// As another user, which only the superuser can do.
    fn start_as(dir: &Path, role: &str, user: u32) -> Self {
        // By its link: the other user may have no way through the directories above the binary.
        let mut child = Command::new("/proc/self/exe")
            .uid(user)
            .args([
                "segment::tests::a_worker_of_another_process",
                "--exact",
                "--nocapture",
            ])
            .env(DIR, dir)
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let is_ready = lines
            .map_while(Result::ok)
            .any(|line| line.ends_with("in place"));
        assert!(is_ready, "the worker '{role}' ended early");
        Self(child)
    }

    fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn options() -> Options {
    Options::new(0.5, 2, Duration::from_secs(10), Duration::from_millis(1), 1)
        .unwrap()
        .with_probe_lease(Duration::from_secs(3600))
}

/// Opens the breaker, so that the next attempt is a probe.
fn open_breaker(connection: &Connection) {
    let long_ago = clock::monotonic().saturating_sub(Duration::from_secs(1));
    for _ in 0..2 {
        let permit = connection.breaker_admit(&options(), long_ago).unwrap();
        connection.breaker_record(
            &options(),
            permit,
            (Outcome::Failure, Duration::ZERO),
            long_ago,
        );
    }
}

/// Not a test of its own: what the children do. Without a role it does nothing.
#[test]
fn a_test_has_a_fresh_segment_of_its_thread_and_gives_it_back() {
    let before = segment().path.clone();
    isolate();
    let first = std::ptr::from_ref(segment());
    assert_eq!(segment().kind, Kind::Anonymous);
    segment()
        .connection("", "isolated")
        .count(crate::telemetry::Counter::Calls, 3);
    assert_eq!(segment().connections().len(), 1);
    isolate();
    assert!(!std::ptr::eq(first, segment()));
    assert_eq!(segment().connections().len(), 0);
    rejoin();
    assert_eq!(segment().path, before);
}

#[test]
fn a_worker_of_another_process() {
    let (Some(dir), Some(role)) = (std::env::var_os(DIR), std::env::var_os(ROLE)) else {
        return;
    };
    let segment = Segment::open(Path::new(&dir)).unwrap();
    let connection = segment.connection("", "catalog");
    let now = clock::monotonic();
    let _lease = (role == "lease").then(|| {
        segment
            .lease(&LEASE, Duration::from_secs(3600), now)
            .unwrap()
    });
    let _permit = (role == "probe").then(|| connection.breaker_admit(&options(), now).unwrap());
    if role == "count" {
        (0..1000).for_each(|_| connection.count(Counter::Calls, 1));
    }
    println!("\nin place");
    // Ends with its parent, should that be killed: the pipe is closed then.
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[test]
fn a_worker_killed_with_a_lease_holds_it_no_longer() {
    let dir = tempfile::tempdir().unwrap();
    let segment = Segment::open(dir.path()).unwrap();
    let worker = Worker::start(dir.path(), "lease");
    assert!(
        segment
            .lease(&LEASE, Duration::from_secs(1), clock::monotonic())
            .is_none()
    );
    assert!(segment.held_by_other(&LEASE, clock::monotonic()));
    worker.kill();
    assert!(
        segment
            .lease(&LEASE, Duration::from_secs(1), clock::monotonic())
            .unwrap()
            .is_shared()
    );
}

#[test]
fn a_worker_killed_with_the_only_probe_does_not_keep_the_breaker_half_open() {
    let dir = tempfile::tempdir().unwrap();
    let connection = Segment::open(dir.path()).unwrap().connection("", "catalog");
    open_breaker(&connection);
    let worker = Worker::start(dir.path(), "probe");
    assert!(
        connection
            .breaker_admit(&options(), clock::monotonic())
            .is_err()
    );
    worker.kill();
    let permit = connection
        .breaker_admit(&options(), clock::monotonic())
        .unwrap();
    connection.breaker_record(
        &options(),
        permit,
        (Outcome::Success, Duration::ZERO),
        clock::monotonic(),
    );
    assert_eq!(
        connection.breaker_state(&options(), clock::monotonic()),
        State::Closed
    );
}

#[test]
fn what_killed_workers_counted_stays() {
    let dir = tempfile::tempdir().unwrap();
    let workers = [
        Worker::start(dir.path(), "count"),
        Worker::start(dir.path(), "count"),
    ];
    workers.into_iter().for_each(Worker::kill);
    let connection = Segment::open(dir.path()).unwrap().connection("", "catalog");
    assert_eq!(connection.counter(Counter::Calls), 2000);
}

#[test]
fn pools_of_two_users_are_kept_apart_and_processes_of_one_share() {
    const NOBODY: u32 = 65_534;
    if !rustix::process::geteuid().is_root() {
        eprintln!("skipped: another user's process can be started by the superuser alone");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    // As /dev/shm is: all may write, nobody may touch what is another's.
    set_permissions(dir.path(), Permissions::from_mode(0o1777)).unwrap();
    let workers = [
        Worker::start(dir.path(), "count"),
        Worker::start(dir.path(), "count"),
        Worker::start_as(dir.path(), "count", NOBODY),
    ];
    workers.into_iter().for_each(Worker::kill);
    let ours = Segment::open(dir.path()).unwrap().connection("", "catalog");
    assert_eq!(ours.counter(Counter::Calls), 2000);
    let mut names: Vec<String> = read_dir(dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["causeway-0-3.seg", "causeway-65534-3.seg"]);
}

#[test]
fn a_full_table_is_counted_and_goes_on_in_this_process() {
    let segment = Segment::anonymous();
    for n in 0..CONNECTIONS {
        assert!(segment.connection("", &n.to_string()).is_shared());
    }
    let own = segment.connection("", "one more");
    assert!(!own.is_shared());
    own.count(Counter::Calls, 5);
    assert_eq!(
        segment.connection("", "one more").counter(Counter::Calls),
        5
    );
    let status = segment.status();
    assert_eq!(
        (status.connections, status.capacity, status.overflowed),
        (256, 256, 2)
    );
    assert_eq!(
        (status.kind.name(), status.layout, status.path),
        ("anonymous", 3, None)
    );
}

#[test]
fn a_slot_that_nobody_used_for_long_is_given_to_another_and_its_handle_finds_a_new_one() {
    let segment = Segment::anonymous();
    let handles: Vec<Connection> = (0..CONNECTIONS)
        .map(|n| segment.connection("", &n.to_string()))
        .collect();
    handles[7].count(Counter::Calls, 5);
    let slots = &segment.shared.layout().connections;
    let idle = slots
        .iter()
        .find(|slot| slot.counters[0].load(Ordering::Relaxed) == 5);
    idle.unwrap().last_used.store(0, Ordering::Relaxed);
    let next = segment.connection("", "one more");
    assert!(next.is_shared());
    assert_eq!(next.counter(Counter::Calls), 0);
    next.count(Counter::Calls, 1);
    // The table is full again: the old handle goes on in this process.
    handles[7].count(Counter::Calls, 2);
    assert!(!handles[7].is_shared());
    assert_eq!(
        (
            handles[7].counter(Counter::Calls),
            next.counter(Counter::Calls)
        ),
        (2, 1)
    );
    assert_eq!(segment.status().overflowed, 1);
}

#[test]
fn nobody_configured_means_this_process_and_no_file() {
    assert_eq!(segment().status().kind, Kind::Process);
}

#[test]
fn a_fallback_says_why() {
    let error = Segment::open(Path::new("/does/not/exist")).unwrap_err();
    let status = Segment::anonymous().because(&error).status();
    assert!(status.refused.unwrap().contains("/does/not/exist"));
}
