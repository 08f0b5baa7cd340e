//! A store of a million rows answers as one of a thousand does: claims by an index, clean-up in
//! steps. Run by hand, in release mode: it fills a file of some hundred megabytes.
//!
//! `cargo test --release --no-default-features --test large_store -- --ignored --nocapture`

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]
#![expect(clippy::disallowed_methods, reason = "it measures real time")]

use std::rc::Rc;
use std::time::{Duration, Instant};

use causeway::idempotency::{Ledger, LedgerOptions};
use causeway::store::{Key, Kind, Record, SqliteStore, Store, StoreError};

const SAMPLES: usize = 2_000;

/// Mostly done rows with payloads, and a source that floods: a tenth are pending events of it.
fn fill(store: &SqliteStore, rows: usize) {
    let now_ms = store.now_ms().unwrap();
    for chunk in (0..rows).collect::<Vec<_>>().chunks(10_000) {
        store
            .atomically(&mut || -> Result<(), StoreError> {
                for number in chunk {
                    let id = number.to_string();
                    let key = Key::of(&[b"event", b"flood", id.as_bytes()]);
                    let is_pending = number % 10 == 0;
                    let state = if is_pending { "pending" } else { "done" };
                    let age_ms = i64::try_from(rows - number).unwrap();
                    let record = Record {
                        checksum: "c".repeat(64),
                        payload: Some(vec![b'x'; 200]),
                        due_at_ms: now_ms - 1_000_000 - age_ms,
                        ..Record::new(key, "flood", &id, state, now_ms - age_ms)
                    };
                    store.insert(Kind::Inbox, &record)?;
                }
                Ok(())
            })
            .unwrap();
    }
}

fn percentile(spans: &mut [Duration], share: usize) -> Duration {
    spans.sort_unstable();
    spans[(spans.len() - 1) * share / 100]
}

/// Median and 99th percentile of claiming one due event of a quiet source.
fn claims(ledger: &Ledger, name: &str) -> (Duration, Duration) {
    let mut spans = Vec::with_capacity(SAMPLES);
    for number in 0..SAMPLES {
        ledger
            .record("quiet", &format!("{name}{number}"), b"payload")
            .unwrap();
        let began = Instant::now();
        let claims = ledger.claim_due(1, Some("quiet")).unwrap();
        spans.push(began.elapsed());
        claims[0].complete(&serde_json::Value::Null).unwrap();
    }
    (percentile(&mut spans, 50), percentile(&mut spans, 99))
}

fn longest_step(mut step: impl FnMut() -> usize) -> Duration {
    (0..20)
        .map(|_| {
            let began = Instant::now();
            step();
            began.elapsed()
        })
        .max()
        .unwrap()
}

#[test]
#[ignore = "fills a million rows; run by hand in release mode"]
fn a_million_rows_answer_as_a_thousand_do() {
    let dir = tempfile::tempdir().unwrap();
    let ledgers = [("small", 1_000), ("large", 1_000_000)].map(|(name, rows)| {
        let store = SqliteStore::open(dir.path().join(name)).unwrap();
        let began = Instant::now();
        fill(&store, rows);
        println!("{name}: {rows} rows in {:?}", began.elapsed());
        Ledger::new(Rc::new(store), LedgerOptions::default())
    });
    // Warm, and both in turns, so that the machine's moods meet both.
    let mut medians = [Vec::new(), Vec::new()];
    let mut tails = [Vec::new(), Vec::new()];
    for round in 0..5 {
        for (number, ledger) in ledgers.iter().enumerate() {
            let (median, tail) = claims(ledger, &format!("{round}-"));
            medians[number].push(median);
            tails[number].push(tail);
        }
    }
    let [small, large] = medians.each_mut().map(|all| percentile(all, 50));
    let [small_tail, large_tail] = tails.each_mut().map(|all| percentile(all, 50));
    println!("claim p50: {small:?} of 1,000 rows, {large:?} of 1,000,000");
    println!("claim p99: {small_tail:?} of 1,000 rows, {large_tail:?} of 1,000,000");
    let [_, ledger] = &ledgers;
    let hour = Duration::from_secs(60);
    let erase = longest_step(|| ledger.erase_payloads(hour, 1_000).unwrap());
    let purge = longest_step(|| ledger.purge(hour, 1_000).unwrap());
    println!("steps of 1,000 rows: erase {erase:?}, purge {purge:?} at most");
    assert!(large <= small * 2, "p50");
    assert!(large_tail <= small_tail * 2, "p99");
    assert!(erase < Duration::from_secs(1) && purge < Duration::from_secs(1));
}
