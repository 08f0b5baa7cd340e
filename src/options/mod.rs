//! Options, checked once and turned into types that cannot be wrong.

mod entities;
mod error;
mod plan;
mod policies;
mod reader;
pub mod secret;
mod value;
mod webhook;

pub use entities::{Resource, Shapes};
pub use error::OptionError;
pub use plan::{Plan, Source, Timeouts};
pub use policies::breaker_options;
pub use reader::Fields;
pub use secret::{SecretBytes, SecretError, SecretRef};
pub use value::Value;
pub use webhook::{Embedded, PayloadKey, Refetch, Webhook};
