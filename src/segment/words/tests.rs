use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Monotonic {
    Monotonic::from_millis(ms)
}

#[test]
fn zero_is_empty_in_every_word() {
    assert_eq!(read_lease(0), None);
    assert_eq!(Claim::unpack(0), Claim::Free);
    assert_eq!(Probe::unpack(0, 0), Probe::Free);
    assert_eq!(
        unpack_phase(0),
        Phase {
            epoch: 0,
            state: State::Closed,
            since: at(0)
        }
    );
    assert_eq!(Bucket::unpack(0).tally, Tally::default());
    assert_eq!(unpack_level(0), Level::default());
}

#[test]
fn a_holder_holds_for_its_span_and_two_ticks_at_most() {
    let start = at(1_000_003);
    let holder = Holder::new(7, Duration::from_millis(1000), start);
    assert!(holder.remaining(at(1_001_002)).is_some());
    assert_eq!(holder.remaining(at(1_001_003 + 32)), None);
    let longest = Holder::new(7, Duration::MAX, start);
    let left = longest.remaining(start).unwrap();
    assert!(
        left >= LEASE_MAX && left <= LEASE_MAX + Duration::from_millis(32),
        "{left:?}"
    );
}

#[test]
fn what_ended_days_ago_does_not_come_back_to_life() {
    let holder = Holder::new(7, LEASE_MAX, at(0));
    for hours in 2..72 {
        assert_eq!(holder.remaining(at(hours * 3_600_000)), None, "{hours} h");
    }
}

#[test]
fn buckets_know_their_order_across_the_wrap() {
    let rows = [
        (10, 10, 0),
        (10, 13, 3),
        (13, 10, -3),
        (mask(28), mask(28) + 1, 1),
        (0, mask(28), -1),
        (5, 6 + (1 << 28), 1),
    ];
    for (number, now, expected) in rows {
        assert_eq!(
            behind(empty_bucket(number), now),
            expected,
            "{number} {now}"
        );
    }
}

proptest! {
    #[test]
    fn holders_survive_their_words(pid in 1_u32..1 << 22, span_ms in 0_u64..3_600_000, now_ms in 0_u64..1 << 40, tag in 0_u64..1 << 18, epoch: u16) {
        let holder = Holder::new(pid, Duration::from_millis(span_ms), at(now_ms));
        prop_assert_eq!(read_lease(lease(tag, holder)), Some((tag, holder)));
        prop_assert_eq!(Claim::unpack(Claim::Claiming(holder).pack()), Claim::Claiming(holder));
        prop_assert_eq!(Probe::unpack(Probe::Held(holder).pack(epoch), epoch), Probe::Held(holder));
        prop_assert_eq!(Probe::unpack(Probe::Held(holder).pack(epoch), epoch.wrapping_add(1)), Probe::Free);
        prop_assert_eq!(place_holder(place(holder)), holder);
        prop_assert!(holder.remaining(at(now_ms)).unwrap() >= Duration::from_millis(span_ms));
    }

    #[test]
    fn phases_survive_their_words(epoch: u16, since_ms in 0_u64..1 << 44, state in prop::sample::select(vec![State::Closed, State::Open, State::HalfOpen])) {
        let phase = Phase { epoch, state, since: at(since_ms) };
        prop_assert_eq!(unpack_phase(pack_phase(phase)), phase);
    }

    #[test]
    fn levels_and_buckets_survive_their_words(tokens_milli in 0_u32..1 << 24, paid_until_ms in 0_u64..1 << 40, number in 0_u64..1 << 28, total in 0_u64..1 << 18, failed in 0_u64..1 << 18) {
        let level = Level { tokens_milli, paid_until_ms };
        prop_assert_eq!(unpack_level(pack_level(level)), level);
        let bucket = Bucket { number, tally: Tally { total, failed, slow: 0 } };
        prop_assert_eq!(Bucket::unpack(bucket.pack()), bucket);
    }

    #[test]
    fn outcomes_of_probes_survive_their_words(has_failed: bool, is_slow: bool, epoch: u16) {
        let done = Probe::Done(Sample { has_failed, is_slow });
        prop_assert_eq!(Probe::unpack(done.pack(epoch), epoch), done);
        prop_assert_eq!(Probe::unpack(done.pack(epoch), epoch.wrapping_add(1)), Probe::Free);
    }

    #[test]
    fn streaks_and_announcements_survive_their_words(count in 0_u32..1 << 16, last_ms in 0_u64..1 << 48, interval_ms in 0_u64..1 << 24, until_ms in 0_u64..1 << 40) {
        let streak = Streak { count, last_ms };
        prop_assert_eq!(unpack_streak(pack_streak(streak)), streak);
        let announced = Announced { interval: Duration::from_millis(interval_ms), until: at(until_ms) };
        prop_assert_eq!(unpack_announced(pack_announced(announced)), announced);
        let finer = Announced { interval: announced.interval + Duration::from_nanos(1), ..announced };
        prop_assert!(unpack_announced(pack_announced(finer)).interval >= announced.interval);
    }

    #[test]
    fn any_word_can_be_read(word: u64, epoch: u16, now_ms: u64) {
        let _ = (read_lease(word), Probe::unpack(word, epoch), unpack_level(word));
        if let Claim::Claiming(holder) = Claim::unpack(word) {
            prop_assert!(holder.remaining(at(now_ms)).is_none_or(|left| left <= LEASE_MAX + Duration::from_secs(1)));
        }
        prop_assert_eq!(Bucket::unpack(word).pack(), word);
        let phase = unpack_phase(word);
        prop_assert!(phase.since <= at(u64::MAX));
    }
}
