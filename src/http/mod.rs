//! Requests out: the messages, the client, the driver of one call, and the engine below it.

pub mod certificates;
mod client;
pub mod decode;
mod dns;
pub(crate) mod driver;
pub mod engine;
mod error;
mod failure;
mod fetch;
mod graphql;
pub mod guard;
mod host;
mod hosts;
pub mod idempotency_key;
mod lane;
pub mod link;
mod message;
pub mod multipart;
mod outcome;
pub mod paginate;
#[doc(hidden)]
pub mod parsers;
mod permit;
mod proxy;
mod redirect;
mod run;
#[cfg(test)]
pub(crate) mod scripted;
pub mod sse;
mod target;
pub mod tls;
mod token_endpoint;
mod transport;

pub use client::{Client, Fetcher};
pub use driver::Incoming;
pub use error::{CallError, CallErrorKind, Sent};
pub use fetch::Fetch;
pub use host::{Host, NoHost, Stop};
pub use message::{Answer, Content, OPEN_CAP_BYTES, Request};
pub use proxy::{Protocol, Proxy};
pub use run::background::{
    Pending, finish as finish_background, on_thread_start, stop as stop_background,
};
pub(crate) use target::is_of_transport;
