//! libFuzzer's way into the targets. Which one: the environment variable CAUSEWAY_FUZZ_TARGET, so
//! that one build serves all.
#![no_main]

#[path = "../targets/mod.rs"]
mod targets;

use std::sync::OnceLock;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<targets::Target> = OnceLock::new();
    let run = TARGET.get_or_init(|| {
        let name = std::env::var("CAUSEWAY_FUZZ_TARGET").expect("CAUSEWAY_FUZZ_TARGET is not set");
        let found = targets::ALL.iter().find(|(known, _)| *known == name);
        found.expect("no such target").1
    });
    run(data);
});
