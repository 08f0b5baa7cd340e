use super::*;
use crate::clock;
use crate::segment::Segment;

const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);
const LONG: Duration = Duration::from_secs(10);

fn later(ms: u64) -> Monotonic {
    NOW.saturating_add(Duration::from_millis(ms))
}

fn flight(segment: &Segment, key: u8) -> Flight {
    segment.flight(&[key; 32])
}

#[test]
fn who_listens_is_handed_the_answer() {
    let segment = Segment::in_process();
    let (leader, listener) = (flight(&segment, 7), flight(&segment, 7));
    listener.listen(later(5000));
    assert_eq!(listener.result(NOW), None);
    leader.land(|| b"the answer".to_vec(), || {}, later(3));
    assert_eq!(listener.result(NOW), Some(b"the answer".to_vec()));
    assert_eq!(listener.rings(), 1);
}

#[test]
fn nothing_is_written_where_nobody_listens() {
    let segment = Segment::in_process();
    let leader = flight(&segment, 7);
    let mut is_released = false;
    leader.land(|| panic!("nobody asked"), || is_released = true, NOW);
    assert!(is_released);
    leader.listen(later(10));
    leader.land(|| panic!("nobody asks any more"), || {}, later(10));
    assert_eq!(leader.rings(), 0);
}

#[test]
fn an_answer_from_before_the_question_is_none() {
    let segment = Segment::in_process();
    let flight = flight(&segment, 7);
    flight.listen(later(5000));
    flight.land(|| b"old".to_vec(), || {}, later(3));
    assert_eq!(flight.result(later(3)), Some(b"old".to_vec()));
    assert_eq!(flight.result(later(4)), None);
}

#[test]
fn another_keys_answer_is_none() {
    let segment = Segment::in_process();
    let (one, other) = (flight(&segment, 7), flight(&segment, 8));
    // The same tag, another key.
    let mut alike = [7; 32];
    alike[0] = 9;
    let alike = segment.flight(&alike);
    one.listen(later(5000));
    one.land(|| b"mine".to_vec(), || {}, NOW);
    assert_eq!((other.result(NOW), alike.result(NOW)), (None, None));
}

#[test]
fn sizes_up_to_the_largest_come_back_whole() {
    let segment = Segment::in_process();
    for length in [0, 1, 7, 8, 9, 2048, RESULT_MAX_BYTES - 1, RESULT_MAX_BYTES] {
        let flight = flight(&segment, 7);
        let bytes: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
        flight.listen(later(9_000_000));
        let now = later(length as u64 + 1);
        flight.land(|| bytes.clone(), || {}, now);
        assert_eq!(flight.result(now), Some(bytes), "{length}");
    }
    let flight = flight(&segment, 9);
    flight.listen(later(9_000_000));
    flight.land(|| vec![1; RESULT_MAX_BYTES + 1], || {}, NOW);
    assert_eq!(flight.result(NOW), None);
    assert_eq!(flight.rings(), 1);
}

#[test]
fn no_word_of_a_result_can_be_changed() {
    let segment = Segment::in_process();
    let flight = flight(&segment, 7);
    flight.listen(later(5000));
    flight.land(|| b"0123456789abcdef".to_vec(), || {}, NOW);
    let cell = &segment.shared.layout().results[0];
    for word in [
        &cell.generation,
        &cell.length,
        &cell.done,
        &cell.checksum,
        &cell.bytes[0],
        &cell.bytes[1],
    ] {
        let before = word.load(Ordering::Relaxed);
        word.store(before ^ 1, Ordering::Relaxed);
        assert_eq!(flight.result(Monotonic::default()), None);
        word.store(before, Ordering::Relaxed);
    }
    assert!(flight.result(NOW).is_some());
}

#[test]
fn the_oldest_results_are_written_over() {
    let segment = Segment::in_process();
    for key in 0..=RESULTS as u8 {
        let flight = flight(&segment, key);
        flight.listen(later(5000));
        flight.land(|| vec![key], || {}, NOW);
    }
    assert_eq!(flight(&segment, 0).result(NOW), None);
    assert_eq!(flight(&segment, 1).result(NOW), Some(vec![1]));
}

#[test]
fn waiting_listeners_are_woken_by_one_landing() {
    let segment = Segment::in_process();
    let began = clock::monotonic();
    let lease = segment.lease(&[7; 32], LONG, began).unwrap();
    let answers: Vec<_> = std::thread::scope(|scope| {
        let listeners: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let flight = flight(&segment, 7);
                    let until = clock::monotonic().saturating_add(LONG);
                    flight.listen(until);
                    while clock::monotonic() < until {
                        let rings = flight.rings();
                        if let Some(answer) = flight.result(began) {
                            return Some(answer);
                        }
                        flight.wait(rings, LONG);
                    }
                    None
                })
            })
            .collect();
        let leader = flight(&segment, 7);
        leader.listen(clock::monotonic().saturating_add(LONG));
        leader.land(
            || b"one for all".to_vec(),
            || drop(lease),
            clock::monotonic(),
        );
        listeners
            .into_iter()
            .map(|listener| listener.join().unwrap())
            .collect()
    });
    assert_eq!(answers, vec![Some(b"one for all".to_vec()); 8]);
    assert!(!segment.held_by_other(&[7; 32], clock::monotonic()));
}

#[test]
fn racing_writers_leave_whole_results_or_none() {
    let segment = Segment::in_process();
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            let segment = &segment;
            scope.spawn(move || {
                let flight = flight(segment, writer);
                flight.listen(later(5000));
                for round in 0..200_u16 {
                    let byte = (round % 251) as u8;
                    flight.land(|| vec![byte; 999], || {}, NOW);
                    if let Some(found) = flight.result(NOW) {
                        assert_eq!(found.len(), 999);
                        assert!(found.iter().all(|each| *each == found[0]));
                    }
                }
            });
        }
    });
}
