//! How a call's future is run: on the caller's thread, many at once, or in the background.
//!
//! Futures are polled here and nowhere else, and never inside a runtime's `block_on`: polling and
//! waiting are apart, so that questions to the caller's side ([`Asks`]) are answered in between.

mod asks;
pub(super) mod background;
mod background_host;
mod file_sink;
mod foreground;
mod many;
pub(crate) mod reactor;
mod task;

pub(crate) use asks::Asks;
pub(super) use background_host::BackgroundHost;
pub(crate) use foreground::{Forked, run};
pub(crate) use many::{Ended, many};
pub(crate) use reactor::{sleep, sleep_running, within};

#[cfg(test)]
mod tests;
