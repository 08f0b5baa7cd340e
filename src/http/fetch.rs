//! What durable work needs of HTTP, so that it can be tested without a network.

use super::{Answer, CallError, Request};

/// Something that makes calls.
pub trait Fetch {
    /// Makes the call under the connection's policies; any status is an answer.
    ///
    /// # Errors
    /// When no answer was had.
    fn fetch(&self, request: &Request) -> Result<Answer, CallError>;

    /// Makes the calls, all at once where that can be; what each came to, in their order.
    ///
    /// # Errors
    /// When the caller stopped waiting before all had ended.
    fn fetch_many(
        &self,
        requests: Vec<Request>,
    ) -> Result<Vec<Result<Answer, CallError>>, CallError> {
        Ok(requests.iter().map(|request| self.fetch(request)).collect())
    }
}
