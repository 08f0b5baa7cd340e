//! What operators and pages are told about a connection.

mod counters;
mod health;

pub use counters::Counter;
#[expect(unused_imports, reason = "the layout of the segment takes it next")]
pub(crate) use counters::PLACES;
pub use health::{Facts, Health};
