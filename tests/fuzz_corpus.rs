//! Replays the kept corpus of the fuzz targets: what was once found must stay harmless.
//!
//! A file of `tests/fuzz/corpus` holds each input behind its length, four bytes, the lowest first,
//! in gzip (`tests/fuzz/corpus.php` packs it, `tools/fuzz` finds it). Each input also goes in with
//! every byte cut off its end once, up to a bound: most of the parsers' edges are ends.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test, and targets that say what must hold"
)]

use std::io::Read as _;

use flate2::read::GzDecoder;

#[path = "fuzz/targets/mod.rs"]
mod targets;

/// Cuts of one input.
const MAX_CUTS: usize = 64;

fn inputs(name: &str) -> Vec<Vec<u8>> {
    let path = format!("{}/tests/fuzz/corpus/{name}.gz", env!("CARGO_MANIFEST_DIR"));
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut packed = Vec::new();
    GzDecoder::new(file).read_to_end(&mut packed).unwrap();
    let mut inputs = Vec::new();
    let mut rest = packed.as_slice();
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_le_bytes(*length)).unwrap();
        let (input, after) = after.split_at(length);
        inputs.push(input.to_vec());
        rest = after;
    }
    assert!(rest.is_empty(), "{path} ends within a length");
    inputs
}

#[test]
fn the_kept_corpus_is_harmless() {
    std::thread::scope(|scope| {
        for (name, run) in targets::ALL {
            scope.spawn(move || replay(name, *run));
        }
    });
}

fn replay(name: &str, run: targets::Target) {
    let inputs = inputs(name);
    assert!(!inputs.is_empty(), "{name} has no inputs");
    for input in &inputs {
        run(input);
        let shortest = input.len().saturating_sub(MAX_CUTS);
        (shortest..input.len()).for_each(|end| run(&input[..end]));
    }
    println!("{name}: {} inputs", inputs.len());
}
