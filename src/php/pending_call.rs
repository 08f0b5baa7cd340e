//! `Causeway\PendingCall`: a call under way in the background.

use std::rc::Rc;
use std::time::Duration;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;

use super::body_state::BodyState;
use super::connection::Connection;
use super::exception_classes::ExceptionClass;
use super::response::PhpResponse;
use super::{request, sending, throw, value};
use crate::http::Pending;

/// A call under way in the background. What is not waited for at the end of the PHP request gets a
/// second to finish; then it is given up, and PHP's log says so.
#[php_class]
#[php(name = "Causeway\\PendingCall", flags = ClassFlags::Final)]
pub struct PhpPendingCall {
    connection: Rc<Connection>,
    pending: Pending,
    throw_on_error: bool,
}

impl PhpPendingCall {
    pub(super) fn new(connection: Rc<Connection>, pending: Pending, throw_on_error: bool) -> Self {
        Self {
            connection,
            pending,
            throw_on_error,
        }
    }

    fn not_there(&self, timeout: Duration) -> ext_php_rs::exception::PhpException {
        let name = &self.connection.client.plan().name;
        let message = format!(
            "{name}: the answer did not come within {} ms; the call goes on",
            timeout.as_millis()
        );
        let facts = [
            ("connection", value::bytes(name.as_bytes())),
            ("sent", value::bytes(b"maybe")),
        ];
        throw::exception(ExceptionClass::Timeout, &message, facts)
    }
}

#[php_impl]
impl PhpPendingCall {
    /// Waits for the answer; may be asked again.
    ///
    /// @param int|null $timeoutMs
    ///   At most so long; NULL is until the call's own end.
    ///
    /// @throws \Causeway\Exception\TimeoutException
    ///   When it has not come within $timeoutMs; the call goes on.
    /// @throws \Causeway\Exception\CallException
    ///   As Client::request().
    #[php(name = "wait")]
    pub fn wait(&self, timeoutMs: Option<i64>) -> PhpResult<PhpResponse> {
        let timeout = timeoutMs.map(request::millis);
        let answer = self
            .pending
            .wait(timeout, &self.connection.host)
            .map_err(throw::call)?;
        match answer {
            Some(answer) => match self.pending.sunk_bytes() {
                Some(written_bytes) => {
                    let body = BodyState::sunk(written_bytes);
                    Ok(PhpResponse::with_body(answer, Rc::new(body)))
                }
                None => sending::answered(&self.connection, answer, self.throw_on_error),
            },
            None => Err(self.not_there(timeout.unwrap_or_default())),
        }
    }

    /// Whether wait() would return or throw at once.
    #[php(name = "isDone")]
    pub fn is_done(&self) -> bool {
        self.pending.is_done()
    }

    /// Gives the call up where it is: wait() then throws. The vendor may have seen the request.
    #[php(name = "cancel")]
    pub fn cancel(&self) {
        self.pending.cancel();
    }
}
