//! What operators and pages are told about a connection.

mod counters;
mod health;

pub use counters::Counter;
pub(crate) use counters::PLACES;
pub use health::{Facts, Health};
