//! One attempt on the wire: bytes out, bytes in.
//!
//! reqwest with everything that decides switched off: no retries of its own, no redirects, no
//! proxies from the environment, no cookies, no decompression. The body is read up to a cap; what
//! is longer is an error and never a truncated answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use url::Url;

use super::failure::{Failure, FailureKind};
use super::{Sent, guard, tls};

/// Idle sockets are closed after this long; vendors and balancers close theirs around 60 s.
const IDLE_SOCKET: Duration = Duration::from_secs(30);
/// Idle sockets for each host.
const IDLE_SOCKETS_PER_HOST: usize = 8;
/// Fields in an answer's head.
const MAX_HEADERS: usize = 100;

/// What shapes a pool of sockets: connections that agree on it share one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) connect_timeout: Duration,
    pub(crate) guard: guard::Options,
    /// `None` for plain `http`, which needs no roots.
    pub(crate) tls: Option<tls::Options>,
}

/// A request as it goes onto the wire, the same bytes on every attempt.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer as it came off the wire.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) status: http::StatusCode,
    pub(crate) reason: String,
    pub(crate) version: http::Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Makes a pool.
///
/// # Errors
/// When trust cannot be set up.
pub(crate) fn build(key: &Key) -> Result<reqwest::Client, Failure> {
    let tls = match &key.tls {
        Some(options) => tls::client_config(options),
        None => tls::trusting_nobody(),
    }
    .map_err(|error| Failure::setup(error.to_string()))?;
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(guard::GuardedResolver(key.guard))
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(key.connect_timeout)
        .pool_idle_timeout(IDLE_SOCKET)
        .pool_max_idle_per_host(IDLE_SOCKETS_PER_HOST)
        .http1_max_headers(MAX_HEADERS)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| Failure::setup(format!("no transport: {}", error.without_url())))
}

/// Sends, and reads the answer to its end, within `timeout`.
///
/// # Errors
/// What failed, and whether the vendor may have seen the request.
pub(crate) async fn exchange(
    client: reqwest::Client,
    wire: Wire,
    timeout: Duration,
    body_cap_bytes: usize,
) -> Result<Received, Failure> {
    tokio::time::timeout(timeout, send_and_read(client, wire, body_cap_bytes))
        .await
        .unwrap_or_else(|_| {
            let message = format!("no complete answer within {} ms", timeout.as_millis());
            Err(Failure::new(FailureKind::Timeout, Sent::Maybe, message))
        })
}

async fn send_and_read(
    client: reqwest::Client,
    wire: Wire,
    body_cap_bytes: usize,
) -> Result<Received, Failure> {
    let mut request = reqwest::Request::new(wire.method, wire.url);
    *request.headers_mut() = wire.headers;
    if !wire.body.is_empty() {
        *request.body_mut() = Some(wire.body.into());
    }
    let mut response = client
        .execute(request)
        .await
        .map_err(|error| Failure::of_send(&error))?;
    let status = response.status();
    let version = response.version();
    let headers = std::mem::take(response.headers_mut());
    let reason = response
        .extensions()
        .get::<hyper::ext::ReasonPhrase>()
        .map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned())
        .unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let body = read_body(&mut response, body_cap_bytes).await?;
    Ok(Received {
        status,
        reason,
        version,
        headers,
        body,
    })
}

async fn read_body(response: &mut reqwest::Response, cap_bytes: usize) -> Result<Bytes, Failure> {
    let too_large = || {
        let message = format!("the body is larger than {cap_bytes} bytes");
        Failure::new(FailureKind::Limit, Sent::Yes, message)
    };
    if response
        .content_length()
        .is_some_and(|length| length > cap_bytes as u64)
    {
        return Err(too_large());
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| Failure::of_body(&error))?
    {
        if body.len().saturating_add(chunk.len()) > cap_bytes {
            return Err(too_large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
