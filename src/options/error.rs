//! The one error of bad options: it names the field, what came and what is allowed.

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
