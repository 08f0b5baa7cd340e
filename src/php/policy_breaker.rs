//! `Causeway\Policy\Breaker`: a breaker around work that is no HTTP call.

use std::time::Duration;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::exception_classes::ExceptionClass;
use super::{callbacks, throw, value};
use crate::clock;
use crate::options::breaker_options;
use crate::policy::breaker::{Open, Options, Outcome, Permit};
use crate::segment::{self, Connection, Segment};

/// Breakers that are shared stand beside the connections of this namespace.
const NAMESPACE: &str = "causeway.breaker";

/// A breaker around work that is no HTTP call: a database, a mail server, a SOAP client.
///
/// The rules are those of a connection's breaker. Shared under a name it holds for all workers of
/// the host, without a name for this object alone.
#[php_class]
#[php(name = "Causeway\\Policy\\Breaker", flags = ClassFlags::Final)]
pub struct PhpBreaker {
    options: Options,
    words: Connection,
    shared_as: Option<String>,
}

#[php_impl]
impl PhpBreaker {
    /// @param array<string, mixed>|null $options
    ///   As a connection's option breaker: failure_rate, slow_call_ms and slow_rate, min_calls, one
    ///   of window_s and window_calls, open_ms, probes.
    /// @param string|null $sharedAs
    ///   The name under which all workers of the host share it; NULL for this object's own.
    ///
    /// @throws \Causeway\Exception\OptionsException
    pub fn __construct(
        options: Option<&ZendHashTable>,
        sharedAs: Option<String>,
    ) -> PhpResult<Self> {
        let owner = sharedAs.as_deref().unwrap_or("breaker");
        let options = value::options(owner, options)?;
        let options = breaker_options(&options).map_err(|error| throw::options(owner, &error))?;
        let words = match &sharedAs {
            Some(name) => segment::segment().connection(NAMESPACE, name),
            None => Segment::in_process().connection(NAMESPACE, ""),
        };
        Ok(Self {
            options,
            words,
            shared_as: sharedAs,
        })
    }

    /// Does the work, unless the breaker is open. Work that throws has failed, and what it threw is
    /// thrown on.
    ///
    /// @param callable(): mixed $work
    ///
    /// @return mixed
    ///   What the work returned.
    ///
    /// @throws \Causeway\Exception\BreakerOpenException
    ///   When it is open; its retryAfterMs says when to come back.
    #[php(name = "run")]
    pub fn run(&self, work: ZendCallable<'_>) -> PhpResult<Zval> {
        let began = clock::monotonic();
        self.words.note_use(began);
        let permit = self
            .words
            .breaker_admit(&self.options, began)
            .map_err(|open| self.refused(open))?;
        let permit = Given {
            breaker: self,
            permit: Some(permit),
        };
        let done = callbacks::call(&work, vec![]);
        let outcome = if done.is_ok() {
            Outcome::Success
        } else {
            Outcome::Failure
        };
        permit.record(outcome, clock::monotonic().since(began));
        done.map_err(throw::callback)
    }

    /// What it does now.
    ///
    /// @return 'closed'|'open'|'half_open'
    #[php(name = "state")]
    pub fn state(&self) -> &'static str {
        let now = clock::monotonic();
        self.words.breaker_state(&self.options, now).name()
    }
}

impl PhpBreaker {
    fn refused(&self, open: Open) -> PhpException {
        let name = self.shared_as.as_deref().unwrap_or("breaker");
        let after = i64::try_from(open.retry_after.as_millis()).unwrap_or(i64::MAX);
        let message = format!("{name}: the breaker is open, nothing was done");
        let facts = [
            ("connection", value::bytes(name.as_bytes())),
            ("sent", value::bytes(b"no")),
            ("attempts", value::int(0)),
            ("elapsedMs", value::int(0)),
            ("status", Zval::null()),
            ("retryAfterMs", value::int(after)),
            ("correlationId", value::bytes(b"")),
        ];
        throw::exception(ExceptionClass::BreakerOpen, &message, facts)
    }
}

/// A permit that is given back also when PHP leaves the callback by `exit()`.
struct Given<'breaker> {
    breaker: &'breaker PhpBreaker,
    permit: Option<Permit>,
}

impl Given<'_> {
    fn record(mut self, outcome: Outcome, took: Duration) {
        self.give_back(outcome, took);
    }

    fn give_back(&mut self, outcome: Outcome, took: Duration) {
        if let Some(permit) = self.permit.take() {
            let breaker = self.breaker;
            let ended = (outcome, took);
            let now = clock::monotonic();
            let words = &breaker.words;
            words.breaker_record(&breaker.options, permit, ended, now);
        }
    }
}

impl Drop for Given<'_> {
    fn drop(&mut self) {
        self.give_back(Outcome::Ignored, Duration::ZERO);
    }
}
