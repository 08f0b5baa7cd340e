//! Requests out: the messages, the client, the driver of one call, and the engine below it.

mod client;
pub mod decode;
pub(crate) mod driver;
pub mod engine;
mod error;
mod failure;
mod fetch;
mod graphql;
pub mod guard;
pub mod link;
mod message;
pub mod multipart;
mod outcome;
pub mod paginate;
mod permit;
#[cfg(test)]
pub(crate) mod scripted;
pub mod sse;
mod target;
pub mod tls;
mod token_endpoint;
mod transport;

pub use client::{Client, Fetcher, Host, NoHost, Stop};
pub use error::{CallError, CallErrorKind, Sent};
pub use fetch::Fetch;
pub use message::{Answer, Request};
pub(crate) use target::is_of_transport;
