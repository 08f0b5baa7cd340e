//! Options, checked once and turned into types that cannot be wrong.

mod entities;
mod error;
mod plan;
mod policies;
mod reader;
pub mod secret;
mod transport;
mod value;
mod webhook;

pub use entities::{Resource, Shapes};
pub use error::OptionError;
pub use plan::{Plan, Source, Timeouts};
pub use policies::breaker_options;
pub use reader::Fields;
pub use secret::{SecretBytes, SecretError, SecretRef};
#[cfg_attr(
    not(feature = "php"),
    expect(
        unused_imports,
        reason = "the options of one call are read by the binding"
    )
)]
pub(crate) use transport::redirects;
pub use value::Value;
pub use webhook::{Embedded, PayloadKey, Refetch, Webhook};
