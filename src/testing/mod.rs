//! What tests put in the place of the world: vendors, recordings, failures at a named point.
//!
//! | file | question |
//! |---|---|
//! | `fake.rs` | what does a request meet, and what was sent? |
//! | `rule.rs`, `pattern.rs` | which requests does a rule mean, and what follows? |
//! | `fault.rs` | what can a vendor do wrong, and in which phase? |
//! | `sent.rs` | what is known of a request? |
//! | `tape.rs`, `fixture.rs` | which recorded answer belongs to a request, and how is it kept? |
//! | `redaction.rs` | what must never reach a file? |
//! | `failpoint.rs` | where is this process to die? |
//!
//! Nothing here is reachable unless the binding says so, which needs an ini setting of the system
//! and the command line. `http`'s transport asks [`current`] and plays what it decides.

pub mod failpoint;
mod fake;
mod fault;
mod fixture;
mod pattern;
mod redaction;
mod rule;
mod sent;
mod tape;

pub use fake::{Decision, Fake, current, install};
pub use fault::{Fault, Phase};
pub use redaction::Redaction;
pub use rule::{Matcher, Reply, Rule, Step, TimedStep};
pub use sent::{Met, Outgoing, SentRequest};
pub use tape::{Mode, Tape};
