use super::*;

const NOW: Monotonic = Monotonic::from_millis(1_000_000);

fn slots() -> Vec<ConnectionSlot> {
    (0..CONNECTIONS).map(|_| ConnectionSlot::new()).collect()
}

fn place_of(
    slots: &[ConnectionSlot],
    namespace: &str,
    name: &str,
    now: Monotonic,
) -> Option<usize> {
    place(slots, Identity::of(namespace, name), (namespace, name), now)
}

/// A claim by a process that was killed before it published.
fn dead_claim() -> u64 {
    let mut child = std::process::Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    Claim::Claiming(Holder::new(child.id(), CLAIM_LEASE, NOW)).pack()
}

#[test]
fn a_connection_keeps_its_place() {
    let slots = slots();
    let first = place_of(&slots, "shop", "catalog", NOW).unwrap();
    assert_eq!(place_of(&slots, "shop", "catalog", NOW), Some(first));
    assert_eq!(
        names(&slots[first]),
        Some(("shop".into(), "catalog".into()))
    );
    assert_ne!(place_of(&slots, "shopcat", "alog", NOW), Some(first));
    assert_ne!(place_of(&slots, "", "shopcatalog", NOW), Some(first));
}

#[test]
fn the_table_takes_as_many_as_it_has_and_says_when_it_is_full() {
    let slots = slots();
    let mut places: Vec<usize> = (0..CONNECTIONS)
        .map(|n| place_of(&slots, "", &n.to_string(), NOW).unwrap())
        .collect();
    assert_eq!(place_of(&slots, "", "one more", NOW), None);
    assert_eq!(place_of(&slots, "", "7", NOW), Some(places[7]));
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), CONNECTIONS);
}

#[test]
fn a_killed_claimer_s_place_is_taken_over() {
    let slots = slots();
    let home = place_of(&slots, "", "catalog", NOW).unwrap();
    slots[home].claim.store(dead_claim(), Ordering::Relaxed);
    assert_eq!(place_of(&slots, "", "catalog", NOW), Some(home));
    assert_eq!(names(&slots[home]), Some((String::new(), "catalog".into())));
}

#[test]
fn a_living_claimer_s_place_is_taken_over_after_its_time_and_not_before() {
    let slots = slots();
    let home = place_of(&slots, "", "catalog", NOW).unwrap();
    let claim = Claim::Claiming(Holder::new(owner::me(), CLAIM_LEASE, NOW)).pack();
    slots[home].claim.store(claim, Ordering::Relaxed);
    assert_eq!(place_of(&slots, "", "catalog", NOW), None);
    assert_eq!(slots[home].claim.load(Ordering::Relaxed), claim);
    assert_eq!(
        place_of(
            &slots,
            "",
            "catalog",
            NOW.saturating_add(Duration::from_secs(6))
        ),
        Some(home)
    );
}

#[test]
fn a_connection_beyond_a_dead_claim_is_found_and_not_doubled() {
    let slots = slots();
    let home = place_of(&slots, "", "catalog", NOW).unwrap();
    let next = (home + 1) % CONNECTIONS;
    let moved = slots[home].claim.swap(dead_claim(), Ordering::Relaxed);
    write_names(&slots[next], Identity::of("", "catalog"), "", "catalog");
    slots[next].claim.store(moved, Ordering::Relaxed);
    assert_eq!(place_of(&slots, "", "catalog", NOW), Some(next));
}

#[test]
fn racing_workers_agree_on_each_place() {
    let slots = slots();
    let found: Vec<Vec<usize>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    (0..200)
                        .map(|n| place_of(&slots, "", &n.to_string(), NOW).unwrap())
                        .collect()
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .collect()
    });
    assert!(found.iter().all(|places| *places == found[0]));
    assert_eq!(
        slots.iter().filter(|slot| names(slot).is_some()).count(),
        200
    );
}

#[test]
fn long_names_are_cut_between_characters_and_still_told_apart() {
    let slots = slots();
    let long = "é".repeat(200);
    let first = place_of(&slots, &long, &format!("{long}1"), NOW).unwrap();
    let second = place_of(&slots, &long, &format!("{long}2"), NOW).unwrap();
    assert_ne!(first, second);
    assert_eq!(names(&slots[first]), Some(("é".repeat(32), "é".repeat(64))));
}

#[test]
fn lengths_that_nobody_wrote_are_not_believed() {
    let slots = slots();
    let home = place_of(&slots, "a", "b", NOW).unwrap();
    for lengths in [u64::MAX, 1 << 32 | 192, 193 << 32] {
        slots[home].name_lengths.store(lengths, Ordering::Relaxed);
        assert_eq!(names(&slots[home]), None);
    }
}

#[test]
fn the_slot_that_was_idle_for_longest_is_given_away_and_emptied() {
    let slots = slots();
    let places: Vec<usize> = (0..CONNECTIONS)
        .map(|n| place_of(&slots, "", &n.to_string(), NOW).unwrap())
        .collect();
    let later = NOW.saturating_add(IDLE);
    for (n, place) in places.iter().enumerate() {
        note_use(
            &slots[*place],
            NOW.saturating_add(Duration::from_secs(60 + n as u64)),
        );
    }
    assert_eq!(place_of(&slots, "", "new", later), None);
    let later = later.saturating_add(Duration::from_secs(62));
    let oldest = places[0];
    for word in slots[oldest].state() {
        word.store(u64::MAX, Ordering::Relaxed);
    }
    assert_eq!(place_of(&slots, "shop", "new", later), Some(oldest));
    assert!(
        slots[oldest]
            .state()
            .all(|word| word.load(Ordering::Relaxed) == 0)
    );
    assert_eq!(names(&slots[oldest]), Some(("shop".into(), "new".into())));
    assert!(!Identity::of("", "0").is_of(&slots[oldest]));
    // What was given away comes back in another's place.
    assert_eq!(place_of(&slots, "", "0", later), Some(places[1]));
}

#[test]
fn use_is_noted_to_the_minute() {
    let slots = slots();
    let slot = &slots[place_of(&slots, "", "catalog", NOW).unwrap()];
    let noted = |later_s| {
        note_use(slot, NOW.saturating_add(Duration::from_secs(later_s)));
        Monotonic::from_nanos(slot.last_used.load(Ordering::Relaxed))
            .since(NOW)
            .as_secs()
    };
    assert_eq!([noted(0), noted(59), noted(60), noted(61)], [0, 0, 60, 60]);
}
