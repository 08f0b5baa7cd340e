use super::*;
use crate::segment::{Segment, layout::TOKENS, seal::TOKEN_SECRET_MAX_BYTES};

const NOW: Monotonic = Monotonic::from_millis(1_000_000_000);

fn later(ms: u64) -> Monotonic {
    NOW.saturating_add(Duration::from_millis(ms))
}

fn seal() -> SealKey {
    SealKey::derive(b"client secret", b"https://id.example/token")
}

fn key(n: usize) -> [u8; 32] {
    let mut key = [7; 32];
    key[1] = u8::try_from(n).unwrap();
    key
}

fn write(slot: &TokenSlot, secret: &[u8]) -> u64 {
    slot.write(&seal(), secret, later(10_000), later(8000), NOW)
        .unwrap()
}

#[test]
fn what_one_writes_all_read_until_it_expires() {
    let segment = Segment::in_process();
    assert_eq!(segment.token_slot(&key(1)).read(&seal(), NOW), None);
    let generation = write(&segment.token_slot(&key(1)), b"token");
    let slot = segment.token_slot(&key(1));
    let expected = Token {
        secret: b"token".to_vec(),
        expires: later(10_000),
        refresh_after: later(8000),
        generation,
    };
    assert_eq!(slot.read(&seal(), later(9999)), Some(expected));
    assert_eq!(slot.read(&seal(), later(10_000)), None);
    assert_eq!(segment.token_slot(&key(2)).read(&seal(), NOW), None);
}

#[test]
fn another_secret_reads_nothing() {
    let segment = Segment::in_process();
    write(&segment.token_slot(&key(1)), b"token");
    let rotated = SealKey::derive(b"rotated secret", b"https://id.example/token");
    assert_eq!(segment.token_slot(&key(1)).read(&rotated, NOW), None);
}

#[test]
fn clearing_takes_away_the_refused_token_and_no_newer_one() {
    let slot = Segment::in_process().token_slot(&key(1));
    let refused = write(&slot, b"refused");
    slot.clear(refused);
    assert_eq!(slot.read(&seal(), NOW), None);
    let first = write(&slot, b"first");
    let second = write(&slot, b"second");
    slot.clear(first);
    let token = slot.read(&seal(), NOW).unwrap();
    assert_eq!(
        (token.secret.as_slice(), token.generation),
        (&b"second"[..], second)
    );
}

#[test]
fn a_write_that_was_cut_off_reads_as_nothing_and_is_repaired_by_the_next() {
    let segment = Segment::in_process();
    let slot = segment.token_slot(&key(1));
    write(&slot, b"whole");
    let cell = slot.shared_cell().unwrap();
    // Killed after it took the generation; then also after it stored some words.
    cell.generation.fetch_add(1, Ordering::Relaxed);
    assert_eq!(slot.read(&seal(), NOW), None);
    cell.sealed[2].store(0, Ordering::Relaxed);
    assert_eq!(slot.read(&seal(), NOW), None);
    cell.length.store(u64::MAX, Ordering::Relaxed);
    assert_eq!(slot.read(&seal(), NOW), None);
    write(&slot, b"next");
    assert_eq!(slot.read(&seal(), NOW).unwrap().secret, b"next");
}

#[test]
fn the_largest_token_fits_and_a_larger_one_is_not_kept() {
    let slot = Segment::in_process().token_slot(&key(1));
    let largest = vec![b'x'; TOKEN_SECRET_MAX_BYTES];
    write(&slot, &largest);
    assert_eq!(slot.read(&seal(), NOW).unwrap().secret, largest);
    let larger = vec![b'x'; TOKEN_SECRET_MAX_BYTES + 1];
    assert_eq!(
        slot.write(&seal(), &larger, later(10_000), later(8000), NOW),
        None
    );
    assert_eq!(slot.read(&seal(), NOW), None);
}

#[test]
fn a_full_table_is_counted_and_keeps_the_token_in_this_process() {
    let segment = Segment::in_process();
    for n in 0..TOKENS {
        write(&segment.token_slot(&key(n)), b"token");
    }
    assert_eq!(segment.status().overflowed, 0);
    let generation = write(&segment.token_slot(&key(99)), b"own");
    assert_eq!(segment.status().overflowed, 1);
    assert_eq!(
        segment
            .token_slot(&key(99))
            .read(&seal(), NOW)
            .unwrap()
            .secret,
        b"own"
    );
    segment.token_slot(&key(99)).clear(generation);
    assert_eq!(segment.token_slot(&key(99)).read(&seal(), NOW), None);
    assert!((0..TOKENS).all(|n| segment.token_slot(&key(n)).read(&seal(), NOW).is_some()));
}

#[test]
fn an_expired_token_s_place_is_taken_by_another_key() {
    let segment = Segment::in_process();
    for n in 0..TOKENS {
        write(&segment.token_slot(&key(n)), b"token");
    }
    let slot = segment.token_slot(&key(99));
    slot.write(&seal(), b"new", later(30_000), later(20_000), later(10_000))
        .unwrap();
    assert_eq!(slot.read(&seal(), later(10_001)).unwrap().secret, b"new");
    assert_eq!(segment.status().overflowed, 0);
}

#[test]
fn readers_beside_writers_see_whole_tokens_only() {
    let segment = Segment::in_process();
    let tokens: Vec<Vec<u8>> = (1..=4_u8).map(|n| vec![n; 1000 + usize::from(n)]).collect();
    write(&segment.token_slot(&key(1)), &tokens[0]);
    let seen: usize = std::thread::scope(|scope| {
        for token in &tokens {
            scope.spawn(|| {
                (0..200)
                    .map(|_| write(&segment.token_slot(&key(1)), token))
                    .max()
            });
        }
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (slot, seal) = (segment.token_slot(&key(1)), seal());
                    let found = (0..500).filter_map(|_| slot.read(&seal, NOW));
                    found
                        .inspect(|token| assert!(tokens.contains(&token.secret)))
                        .count()
                })
            })
            .collect();
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum()
    });
    assert!(seen <= 1000);
}

#[test]
fn nothing_that_is_printed_holds_the_token() {
    let slot = Segment::in_process().token_slot(&key(1));
    write(&slot, b"visible?");
    let printed = format!("{:?} {:?}", slot, slot.read(&seal(), NOW));
    assert!(
        !printed.contains("visible") && !printed.contains("118"),
        "{printed}"
    );
}
