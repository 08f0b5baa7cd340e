//! Options, checked once and turned into types that cannot be wrong.

mod error;
mod secret;
mod value;

pub use error::OptionError;
pub use secret::SecretRef;
pub use value::Value;
