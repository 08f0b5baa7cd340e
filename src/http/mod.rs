//! Requests out: the messages, the client and its engine.

mod client;
pub mod engine;
mod error;
mod fetch;
mod message;

pub use client::{Client, Fetcher, Host, NoHost, Stop};
pub use error::{CallError, CallErrorKind, Sent};
pub use fetch::Fetch;
pub use message::{Answer, Request};
