//! libFuzzer's way into the targets. Which one: the environment variable CAUSEWAY_FUZZ_TARGET, so
//! that one build serves all. A build with CAUSEWAY_FUZZ_PLACE holds the one target of this place
//! alone: its edges are those that the target can reach at all.
#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

use std::sync::OnceLock;

const ALONE: Option<targets::Target> = match option_env!("CAUSEWAY_FUZZ_PLACE") {
    Some(digits) => Some(targets::ALL[number(digits.as_bytes())].1),
    None => None,
};

const fn number(digits: &[u8]) -> usize {
    let (mut sum, mut at) = (0, 0);
    while at < digits.len() {
        sum = sum * 10 + (digits[at] - b'0') as usize;
        at += 1;
    }
    sum
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<targets::Target> = OnceLock::new();
    if let Some(run) = ALONE {
        return run(data);
    }
    let run = TARGET.get_or_init(|| {
        let name = std::env::var("CAUSEWAY_FUZZ_TARGET").expect("CAUSEWAY_FUZZ_TARGET is not set");
        let found = targets::ALL.iter().find(|(known, _)| *known == name);
        found.expect("no such target").1
    });
    run(data);
});
