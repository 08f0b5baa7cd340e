//! The one error of bad options: it names the field, what came and what is allowed.
//!
//! Who shows it puts the connection's name before it (`catalog: option 'retry.max_attempts' …`);
//! the error itself does not know whose options it read.

/// An option that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option '{field}' must be {allowed}, got {got}")]
pub struct OptionError {
    /// Where it stands: `retry.max_attempts`.
    pub field: String,
    /// What came, described without ever showing a secret's value.
    pub got: String,
    /// What would have been taken: `an integer from 1 to 20`.
    pub allowed: String,
}

impl OptionError {
    /// An error from its three parts.
    pub fn new(
        field: impl Into<String>,
        got: impl Into<String>,
        allowed: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            got: got.into(),
            allowed: allowed.into(),
        }
    }
}
