//! `Causeway\Client`: one connection, and the calls to it.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::arguments::StoreArgument;
use super::connection::Connection;
use super::response::PhpResponse;
use super::{metrics, request, throw, value};
use crate::http::{self, Answer, Request};
use crate::options::Plan;

/// One connection: a vendor by name, and the calls to it.
///
/// Cheap to make: sockets and TLS sessions are kept by the process, breaker, budget, token and
/// counters are shared by all workers of the host under the connection's name.
#[php_class]
#[php(name = "Causeway\\Client", flags = ClassFlags::Final)]
pub struct PhpClient {
    connection: Rc<Connection>,
}

impl PhpClient {
    pub(super) fn connection(&self) -> &Rc<Connection> {
        &self.connection
    }

    fn name_ref(&self) -> &str {
        &self.connection.client.plan().name
    }

    fn send(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<PhpResponse> {
        let prepared = request::prepare(self.name_ref(), method, uri, options)?;
        let client = &self.connection.client;
        let answer = client
            .call(&prepared.request, &self.connection.host)
            .map_err(throw::call)?;
        self.answered(answer, prepared.throw_on_error)
    }

    fn answered(&self, answer: Answer, throw_on_error: bool) -> PhpResult<PhpResponse> {
        if !throw_on_error {
            return Ok(PhpResponse::new(answer));
        }
        let answer = self
            .connection
            .client
            .refuse_error_status(answer)
            .map_err(throw::call)?;
        Ok(PhpResponse::new(answer))
    }
}

#[php_impl]
impl PhpClient {
    /// Checks the options and joins what the workers share under this name; opens nothing yet.
    ///
    /// @param array<string, mixed> $options
    ///   base_uri (required), auth, headers, address, tls, body_cap_bytes, resources, webhook,
    ///   namespace, and the policies:
    ///   - timeouts: connect_ms, attempt_ms, total_ms, page_ms.
    ///   - retry: max_attempts, base_delay_ms, max_delay_ms, jitter ('full', 'equal',
    ///     'decorrelated'), statuses (of 400 to 599), errors (of 'connect', 'network', 'timeout'),
    ///     max_hold_s (what a vendor that asks for more time than a call has gets at most), budget
    ///     (ratio, min_per_second, max_tokens; FALSE for none).
    ///   - breaker: failure_rate, slow_call_ms and slow_rate, min_calls, one of window_s and
    ///     window_calls, open_ms, probes; FALSE for none.
    ///   - throttle: permits, per_ms, burst, mode ('wait', 'fail'), max_wait_ms, announced (TRUE:
    ///     calls slow down ahead of limits that the vendor announces), routes (by name: path such
    ///     as 'products/{id}', permits, per_ms, burst).
    ///   - concurrency: max (attempts of all workers under way at once), max_wait_ms.
    ///   - hedge: after_ms or percentile; a late idempotent call is sent once more.
    ///   - coalesce: TRUE where a GET hands out the same to all who ask at the same time; they
    ///     then share one call.
    /// @param \Causeway\Store|null $store
    ///   Where durable records live: needed by snapshots, inbox, backfill and the switch.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When an option is unknown, of the wrong type or out of range; names the field.
    pub fn __construct(
        name: &str,
        options: &ZendHashTable,
        store: Option<StoreArgument>,
    ) -> PhpResult<Self> {
        let options = value::options(name, Some(options))?;
        let plan = Plan::parse(name, &options).map_err(|error| throw::options(name, &error))?;
        let store = store.map(|argument| argument.store);
        Ok(Self {
            connection: Rc::new(Connection::new(http::Client::new(plan), store)),
        })
    }

    /// The connection's name.
    #[php(name = "name")]
    pub fn name(&self) -> String {
        self.name_ref().to_owned()
    }

    /// Makes a call under the connection's policies.
    ///
    /// @param string $uri
    ///   Relative to base_uri, or absolute on the same origin.
    /// @param array<string, mixed>|null $options
    ///   query, headers, one of json, form, body; idempotency_key; timeouts {attempt_ms,
    ///   total_ms}; throw_on_error (TRUE: a status of 400 or above is thrown).
    ///
    /// @throws \Causeway\Exception\CallException
    ///   When there is no usable answer; its class and properties say what is known.
    #[php(name = "request")]
    pub fn request(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<PhpResponse> {
        self.send(method, uri, options)
    }

    /// GET; see request().
    #[php(name = "get")]
    pub fn get(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("GET", uri, options)
    }

    /// HEAD; see request().
    #[php(name = "head")]
    pub fn head(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("HEAD", uri, options)
    }

    /// OPTIONS; see request().
    #[php(name = "options")]
    pub fn options(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("OPTIONS", uri, options)
    }

    /// DELETE; see request().
    #[php(name = "delete")]
    pub fn delete(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("DELETE", uri, options)
    }

    /// POST; retried only with an idempotency_key, or when it surely was not sent.
    #[php(name = "post")]
    pub fn post(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("POST", uri, options)
    }

    /// PUT; see request().
    #[php(name = "put")]
    pub fn put(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("PUT", uri, options)
    }

    /// PATCH; retried as post() is.
    #[php(name = "patch")]
    pub fn patch(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpResponse> {
        self.send("PATCH", uri, options)
    }

    /// Sends a persisted GraphQL query by its hash, and once with its text when the server does
    /// not know the hash yet.
    ///
    /// @param array<string, mixed>|null $variables
    #[php(name = "graphql")]
    pub fn graphql(
        &self,
        uri: &str,
        query: &str,
        variables: Option<&ZendHashTable>,
    ) -> PhpResult<PhpResponse> {
        let variables = match variables {
            Some(variables) if !variables.is_empty() => {
                value::json_encode(&value::array(variables.to_owned()))?
            }
            Some(_) | None => b"{}".to_vec(),
        };
        let connection = &self.connection;
        let request = Request::new(::http::Method::POST, uri);
        let answer = connection
            .client
            .graphql(&request, query, &variables, &connection.host)
            .map_err(throw::call)?;
        self.answered(answer, true)
    }

    /// Counters and state that all workers of the host share; see Metrics::connection().
    ///
    /// @return array<string, int|float|string|bool|null>
    #[php(name = "metrics")]
    pub fn metrics(&self) -> PhpResult<ZBox<ZendHashTable>> {
        metrics::of(&self.connection.shared)
    }
}
