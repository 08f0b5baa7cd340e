use super::*;

const T0: UnixMs = UnixMs(1_700_000_000_000);

#[test]
fn a_frozen_clock_moves_by_waits_and_advances_alone() {
    freeze(T0);
    let start = monotonic();
    wait_blocking(Duration::from_secs(3));
    advance(Duration::from_millis(5));
    assert_eq!(monotonic().since(start), Duration::from_millis(3005));
    assert_eq!(unix(), UnixMs(T0.0 + 3005));
    assert_eq!(frozen_unix(), Some(UnixMs(T0.0 + 3005)));
    assert_eq!(waits(), [Duration::from_secs(3)]);
    thaw();
    assert!(!is_frozen());
    assert_eq!(waits(), []);
}

#[test]
fn freezing_again_jumps_the_wall_clock_and_keeps_the_monotonic_one() {
    freeze(T0);
    advance(Duration::from_secs(9));
    let before = monotonic();
    freeze(UnixMs(5));
    assert_eq!((monotonic(), unix()), (before, UnixMs(5)));
    thaw();
}

#[test]
fn another_thread_keeps_real_time() {
    freeze(T0);
    let elsewhere = std::thread::spawn(|| (is_frozen(), unix())).join().unwrap();
    assert!(!elsewhere.0);
    assert_ne!(elsewhere.1, T0);
    thaw();
}

#[test]
fn the_running_clock_does_not_go_back() {
    let first = monotonic();
    assert!(monotonic() >= first);
    assert!(first > Monotonic::default());
}

#[test]
fn arithmetic_stops_at_the_ends() {
    let last = Monotonic::from_nanos(u64::MAX);
    assert_eq!(last.saturating_add(Duration::MAX), last);
    assert_eq!(
        Monotonic::from_millis(1).saturating_sub(Duration::MAX),
        Monotonic::default()
    );
    assert_eq!(Monotonic::default().since(last), Duration::ZERO);
    assert_eq!(
        UnixMs(i64::MAX).saturating_add(Duration::MAX),
        UnixMs(i64::MAX)
    );
    assert_eq!(
        UnixMs(i64::MAX).since(UnixMs(i64::MIN)),
        Duration::from_millis(u64::MAX)
    );
    assert_eq!(UnixMs(-1).as_secs(), -1);
}
