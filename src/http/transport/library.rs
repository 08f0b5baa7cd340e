//! The way through reqwest, with everything that decides switched off: no retries of its own, no
//! redirects, no proxy but a configured one, no cookies, no decompression.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rustls::ClientConfig;

use super::upload::{feed, upload};
use super::{Body, Head, Key, Wire};
use crate::http::failure::Failure;
use crate::http::run::Asks;
use crate::http::{Content, Protocol, Sent, engine, guard, tls};

/// Idle sockets are closed after this long; vendors and balancers close theirs around 60 s.
const IDLE_SOCKET: Duration = Duration::from_secs(30);
/// Idle sockets for each host.
const IDLE_SOCKETS_PER_HOST: usize = 8;
/// Fields in an answer's head.
const MAX_HEADERS: usize = 100;

/// Makes a pool.
///
/// # Errors
/// When trust cannot be set up.
pub(crate) fn build(key: &Key, tls: Option<Arc<ClientConfig>>) -> Result<reqwest::Client, Failure> {
    let tls = match tls {
        Some(config) => ClientConfig::clone(&config),
        None => tls::trusting_nobody().map_err(|error| Failure::setup(error.to_string()))?,
    };
    // A proxy's address is its operator's choice; the targets' names it resolves itself.
    let guarded = match &key.proxy {
        None => key.guard,
        Some(_) => guard::Options {
            allow_private: true,
        },
    };
    let mut builder = reqwest::Client::builder();
    if key.protocol == Protocol::Http2 && key.tls.is_none() {
        builder = builder.http2_prior_knowledge();
    }
    builder = match &key.proxy {
        None => builder.no_proxy(),
        Some(proxy) => {
            let proxy = reqwest::Proxy::all(proxy.uri().clone());
            builder.proxy(proxy.map_err(|error| Failure::setup(error.without_url().to_string()))?)
        }
    };
    builder
        .tls_backend_preconfigured(tls)
        .dns_resolver(guard::GuardedResolver(guarded))
        .retry(reqwest::retry::never())
        .redirect(reqwest::redirect::Policy::none())
        .referer(false)
        .connect_timeout(key.connect_timeout)
        .pool_idle_timeout(IDLE_SOCKET)
        .pool_max_idle_per_host(IDLE_SOCKETS_PER_HOST)
        .http1_max_headers(MAX_HEADERS)
        .tcp_nodelay(true)
        .build()
        .map_err(|error| Failure::setup(format!("no transport: {}", error.without_url())))
}

/// Sends, and reads the head of the answer.
///
/// # Errors
/// What failed, and whether the vendor may have seen the request.
pub(super) async fn exchange(
    key: &Key,
    wire: &Wire,
    asks: &Asks,
    sent: &Cell<Sent>,
) -> Result<(Head, Body), Failure> {
    let engine = engine::current();
    let client = engine.pool(key)?;
    engine.pump()?;
    let mut request = reqwest::Request::new(wire.method.clone(), wire.url.clone());
    *request.headers_mut() = wire.headers.clone();
    let mut source = None;
    match &wire.content {
        Content::Empty => {}
        Content::Whole(bytes) => *request.body_mut() = Some(bytes.clone().into()),
        Content::Streamed {
            source: number,
            length_bytes,
            ..
        } => {
            let (pieces, upload) = upload(*length_bytes);
            source = Some((*number, *length_bytes, pieces));
            *request.body_mut() = Some(reqwest::Body::wrap(upload));
        }
    }
    let mut sending = pin!(engine::on_runtime(client.execute(request))?);
    let mut feeding = pin!(async {
        match source {
            Some((number, length, pieces)) => feed(asks, number, length, pieces).await,
            None => std::future::pending().await,
        }
    });
    let answered = poll_fn(|context| {
        if let Poll::Ready(failure) = feeding.as_mut().poll(context) {
            return Poll::Ready(Err(failure));
        }
        let answered = sending.as_mut().poll(context);
        answered.map_err(|error| Failure::of_send(&error))
    });
    // The library does not say when a first byte leaves.
    sent.set(Sent::Maybe);
    let mut response = answered.await?;
    sent.set(Sent::Yes);
    let status = response.status();
    let reason = response
        .extensions()
        .get::<hyper::ext::ReasonPhrase>()
        .map(|phrase| String::from_utf8_lossy(phrase.as_bytes()).into_owned())
        .unwrap_or_else(|| status.canonical_reason().unwrap_or_default().to_owned());
    let head = Head {
        status,
        reason,
        version: response.version(),
        headers: std::mem::take(response.headers_mut()),
    };
    Ok((head, Body::of_library(response)))
}

#[cfg(test)]
mod tests;
