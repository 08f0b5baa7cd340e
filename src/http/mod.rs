//! Requests out: the messages, the client and its engine.

mod error;
mod fetch;
mod message;

pub use error::{CallError, CallErrorKind, Sent};
pub use fetch::Fetch;
pub use message::{Answer, Request};
