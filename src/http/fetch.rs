//! What durable work needs of HTTP, so that it can be tested without a network.

use super::{Answer, CallError, Request};

/// Something that makes calls.
pub trait Fetch {
    /// Makes the call under the connection's policies; any status is an answer.
    ///
    /// # Errors
    /// When no answer was had.
    fn fetch(&self, request: &Request) -> Result<Answer, CallError>;
}
