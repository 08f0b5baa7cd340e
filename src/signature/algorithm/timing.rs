//! Whether the time of a comparison depends on where the first wrong byte is: Welch's t over two
//! classes of signatures, first byte wrong and last byte wrong, measured in random turns (the method
//! of dudect). An early-exit comparison is planted and must be found by the same means.
//!
//! Machines are noisy: the slowest tenth of the samples is cut off, and up to five rounds are
//! measured. Ours must stay below the threshold in one of them, which a comparison that leaks
//! never does; the planted one must exceed it in every round.

use std::hint::black_box;
use std::time::Instant;

use super::any_is;
use crate::clock;

const BYTES: usize = 64;
const SAMPLES: usize = 4_000;
/// Comparisons of one sample, so that it is well above the clock's resolution.
const BATCH: usize = 200;
const ROUNDS: usize = 5;
/// What dudect takes for surely different.
const THRESHOLD: f64 = 10.0;

type Compare = fn(&[u8], &[u8]) -> bool;

fn ours(expected: &[u8], signature: &[u8]) -> bool {
    any_is(expected, std::iter::once(signature))
}

fn planted(expected: &[u8], signature: &[u8]) -> bool {
    expected.len() == signature.len() && expected.iter().zip(signature).all(|(a, b)| a == b)
}

#[expect(
    clippy::disallowed_methods,
    reason = "what is measured is the real time"
)]
fn sample(compare: Compare, expected: &[u8], signature: &[u8]) -> f64 {
    let start = Instant::now();
    for _ in 0..BATCH {
        assert!(!black_box(compare(
            black_box(expected),
            black_box(signature)
        )));
    }
    start.elapsed().as_secs_f64()
}

/// Welch's t of the two classes.
fn measure(compare: Compare) -> f64 {
    let expected: [u8; BYTES] = clock::random_bytes();
    let (mut first, mut last) = (expected, expected);
    first[0] ^= 1;
    last[BYTES - 1] ^= 1;
    let mut classes = [Vec::new(), Vec::new()];
    for _ in 0..SAMPLES {
        let [turn] = clock::random_bytes::<1>();
        let is_last = usize::from(turn & 1);
        let signature = if is_last == 1 { &last } else { &first };
        classes[is_last].push(sample(compare, &expected, signature));
    }
    let [a, b] = classes.map(|class| mean_and_error(cropped(class)));
    (a.0 - b.0) / (a.1 + b.1).sqrt()
}

fn cropped(mut samples: Vec<f64>) -> Vec<f64> {
    samples.sort_by(f64::total_cmp);
    samples.truncate(samples.len() * 9 / 10);
    samples
}

/// The mean, and its variance.
#[expect(clippy::cast_precision_loss, reason = "a few thousand samples")]
fn mean_and_error(samples: Vec<f64>) -> (f64, f64) {
    let count = samples.len() as f64;
    let mean = samples.iter().sum::<f64>() / count;
    let squares: f64 = samples.iter().map(|sample| (sample - mean).powi(2)).sum();
    (mean, squares / (count - 1.0) / count)
}

#[test]
fn a_planted_early_exit_is_found_and_ours_has_none() {
    let planted: Vec<f64> = (0..ROUNDS).map(|_| measure(planted)).collect();
    println!("planted early exit: t = {planted:.1?}");
    assert!(planted.iter().all(|t| t.abs() > THRESHOLD), "{planted:?}");
    let mut rounds = Vec::new();
    while rounds.len() < ROUNDS && rounds.last().is_none_or(|t: &f64| t.abs() > THRESHOLD) {
        rounds.push(measure(ours));
    }
    println!("ours: t = {rounds:.1?}");
    assert!(
        rounds.last().is_some_and(|t| t.abs() <= THRESHOLD),
        "{rounds:?}"
    );
}
