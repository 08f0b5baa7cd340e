//! `Causeway\Client`: one connection, and the calls to it.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::arguments::StoreArgument;
use super::connection::Connection;
use super::pages::{self, PhpPages};
use super::pending_call::PhpPendingCall;
use super::request::Detached;
use super::response::PhpResponse;
use super::{many, metrics, request, sending, throw, value};
use crate::http::paginate::{self, Walk};
use crate::http::{self, Host, Request};
use crate::options::{Fields, OptionError, Plan, Value};

/// Calls of one all() at once.
const MAX_CONCURRENCY: usize = 1000;

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
        if !prepared.is_plain() {
            return sending::send(&self.connection, prepared);
        }
        let client = &self.connection.client;
        let answer = client
            .call(&prepared.request, &self.connection.host)
            .map_err(throw::call)?;
        sending::answered(&self.connection, answer, prepared.throw_on_error)
    }

    /// How a list is walked.
    fn walk(&self, of_walk: Option<&Zval>) -> Result<Walk, OptionError> {
        let fields = match of_walk {
            Some(options) => {
                let options = value::tree(options, "pages")?;
                Fields::new(&Value::map([("pages", options)]))?.section("pages")?
            }
            None => None,
        };
        paginate::Options::parse(fields).map(Walk::new)
    }
}

#[php_impl]
impl PhpClient {
    /// Checks the options and joins what the workers share under this name; opens nothing yet.
    ///
    /// @param array<string, mixed> $options
    ///   base_uri (required), auth, headers, address {allow_private}, tls {ca_file, cert_file and
    ///   key_file (PEM; a client certificate), min_version: '1.2' or '1.3'}, http ('auto', '1.1' or
    ///   '2'), proxy (an http or https URL; nothing of the environment is looked at), redirects
    ///   {max: 0 to 20; 0 hands a redirect out as it is}, body_cap_bytes, decode_ratio (200: a
    ///   body may grow so much when it is decoded), idempotency {header, form: 'bare' or 'quoted'},
    ///   resources, webhook, namespace, and the policies:
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
    ///   - shared: the address of a Redis server ('redis://host:6379/0', or a Causeway\Secret) in
    ///     which breaker, throttle and announced limits hold for all hosts; while it is away, for
    ///     each host alone.
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
        let plan = Plan::parse_once(name, options).map_err(|error| throw::options(name, &error))?;
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
    ///   query, headers; one of json, form, multipart, file (a name) and body (a string, a PHP
    ///   stream, an iterable of strings, an object with PSR-7's stream methods), of which all but
    ///   strings are sent as they are read; idempotency_key (a string, or TRUE for a new one);
    ///   timeouts {attempt_ms, total_ms}; throw_on_error (TRUE: a status of 400 or above is
    ///   thrown); stream (FALSE: getBody() is read from the vendor) or sink (a file's name or an
    ///   open PHP stream, for answers below 400); decode (content codings are asked for and taken
    ///   off, unless there is an Accept-Encoding of the caller's); body_cap_bytes (the
    ///   connection's, 4 GiB with stream and sink); redirects {max}.
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
        sending::answered(connection, answer, true)
    }

    /// Sends at once in the background, while PHP goes on; PendingCall::wait() has the answer.
    ///
    /// @param array<string, mixed>|null $options
    ///   As request(), but for stream. A content that PHP streams is read before the call begins,
    ///   up to the connection's body_cap_bytes. sink is the name of a local file.
    ///
    /// @throws \Causeway\Exception\CallException
    ///   When it cannot be begun.
    #[php(name = "start")]
    pub fn start(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<PhpPendingCall> {
        let prepared = request::prepare(self.name_ref(), method, uri, options)?;
        let detached = prepared.detached(self.connection.client.plan())?;
        // The background knows of the switch what the segment says: it is brought up to date here.
        let _ = self.connection.host.before_attempt();
        let client = &self.connection.client;
        let Detached {
            request,
            sink,
            throw_on_error,
        } = detached;
        let pending = client.start(request, sink).map_err(throw::call)?;
        let connection = Rc::clone(&self.connection);
        Ok(PhpPendingCall::new(connection, pending, throw_on_error))
    }

    /// Makes many calls, at most $concurrency at once. Requests are drawn from the iterable when
    /// there is room; contents and sinks are streamed as by request(), where attempt_ms bounds a
    /// whole download into a sink.
    ///
    /// @param iterable<string|list<mixed>> $requests
    ///   Each a URI (for GET), or a list of method, URI and options (but stream). Keys must differ.
    /// @param int $concurrency
    ///   1 to 1000.
    ///
    /// @return array<int|string, Response|\Throwable>
    ///   By the iterable's keys and in its order: the response, or what request() would have
    ///   thrown.
    ///
    /// @throws \Throwable
    ///   What the iterable itself throws, when the calls that were begun are done.
    #[php(name = "all", defaults(concurrency = 10))]
    pub fn all(&self, requests: &Zval, concurrency: i64) -> PhpResult<ZBox<ZendHashTable>> {
        let concurrency = usize::try_from(concurrency)
            .ok()
            .filter(|number| (1..=MAX_CONCURRENCY).contains(number))
            .ok_or_else(|| {
                let got = Value::from(concurrency).described();
                let allowed = format!("an integer from 1 to {MAX_CONCURRENCY}");
                let error = OptionError::new("concurrency", got, allowed);
                throw::options(self.name_ref(), &error)
            })?;
        many::all(&self.connection, requests, concurrency)
    }

    /// Walks over a vendor's list by GET; the next page is fetched while the items of one are
    /// handed out.
    ///
    /// @param array<string, mixed>|null $options
    ///   As request(), but for stream and sink; a content that PHP streams is read before the walk
    ///   begins, up to the connection's body_cap_bytes, and sent with each page's request. And
    ///   pages: {by: 'link' (the field Link, the default), 'cursor', 'offset' or
    ///   'page'; items ('' for link, else '/items'): JSON pointer to the list; in ('cursor',
    ///   'offset', 'page'): the query parameter; out ('/next_cursor'): JSON pointer to the next
    ///   cursor; start (0, for page 1); total: JSON pointer to the number of all items; size and
    ///   size_in ('limit'): the page's size and its query parameter; max_pages (1000)}.
    ///
    /// @return Pages
    #[php(name = "paginate")]
    pub fn paginate(&self, uri: &str, options: Option<&ZendHashTable>) -> PhpResult<PhpPages> {
        let (of_call, of_walk) = pages::split(options)?;
        let prepared = request::prepare(self.name_ref(), "GET", uri, of_call.as_deref())?;
        let request = prepared.repeated(self.connection.client.plan())?;
        let walk = self
            .walk(of_walk.as_ref())
            .map_err(|error| throw::options(self.name_ref(), &error))?;
        let connection = Rc::clone(&self.connection);
        Ok(PhpPages::new(connection, request, walk))
    }

    /// Counters and state that all workers of the host share; see Metrics::connection().
    ///
    /// @return array<string, int|float|string|bool|null>
    #[php(name = "metrics")]
    pub fn metrics(&self) -> PhpResult<ZBox<ZendHashTable>> {
        metrics::of(&self.connection.shared)
    }
}
