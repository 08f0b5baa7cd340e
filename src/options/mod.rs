//! Options, checked once and turned into types that cannot be wrong.

mod error;
mod plan;
mod reader;
pub mod secret;
mod value;

pub use error::OptionError;
pub use plan::{Plan, Refetch, Resource, Source, Timeouts, Webhook};
pub use reader::Fields;
pub use secret::{SecretBytes, SecretError, SecretRef};
pub use value::Value;
