//! What every request to a vendor passes, in this order: log, fault, token, rate limit, routes.
//!
//! The log comes first, so that a request that is never answered is there too. The fault comes
//! before the token, as an ailing vendor does not get as far as looking at it.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::{Body, HttpBody, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use crate::answer::{not_found, problem};
use crate::effect::{Effect, Replacement};
use crate::faults::decide;
use crate::identity::{Known, admit, denied};
use crate::log::Entry;
use crate::time::now_ms;
use crate::wire::Peer;
use crate::{Vendor, World, catalog};

const CORRELATION_ID: HeaderName = HeaderName::from_static("x-correlation-id");

/// What is kept of a path or correlation id at most, in bytes.
const TEXT_AT_MOST_BYTES: usize = 2_048;

/// Largest request body.
const BODY_AT_MOST_BYTES: usize = 1 << 20;

/// Which vendor this is.
#[derive(Clone)]
struct Entrance {
    vendor: Vendor,
    world: Arc<World>,
}

/// The vendor's routes behind its entrance.
pub fn guard(vendor: Vendor, routes: Router<Arc<World>>, world: Arc<World>) -> Router {
    let entrance = Entrance {
        vendor,
        world: Arc::clone(&world),
    };
    routes
        .fallback(|| async { not_found("no such path") })
        .method_not_allowed_fallback(|| async {
            problem(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "this path has other methods",
            )
        })
        .with_state(world)
        .layer(from_fn_with_state(entrance, pass))
}

async fn pass(
    State(entrance): State<Entrance>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let Entrance { vendor, world } = entrance;
    let token = world.identity.known(request.headers());
    let fault = world.faults.get(vendor);
    let effect = decide(&fault, rand::random(), rand::random());
    let entry = entry(vendor, &request, &peer, token.as_ref(), &effect);
    let correlation_id = request.headers().get(CORRELATION_ID).cloned();
    let n = world.log.begin(entry);
    let Some(request) = read_whole(request).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    // Only now: a body read later would count as the beginning of the next request.
    peer.request_is_over();
    let mut answer = match effect.before(&peer).await {
        // Never written: the connection has been aborted.
        Some(Replacement::Nothing) => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(Replacement::Answer(answer)) => answer,
        None => {
            let answer = serve(&world, vendor, token.as_ref(), request, next).await;
            effect.after(answer, &peer).await
        }
    };
    if let Some(id) = correlation_id {
        answer.headers_mut().insert(CORRELATION_ID, id);
    }
    let took_us = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
    let response_bytes = answer.body().size_hint().exact();
    world
        .log
        .finish(n, answer.status().as_u16(), took_us, response_bytes);
    answer
}

/// The request with its body in memory; none when the body is too large or breaks off.
async fn read_whole(request: Request) -> Option<Request> {
    if request.body().is_end_stream() {
        return Some(request);
    }
    let (parts, body) = request.into_parts();
    let bytes = to_bytes(body, BODY_AT_MOST_BYTES).await.ok()?;
    Some(Request::from_parts(parts, Body::from(bytes)))
}

/// The vendor when it is well.
async fn serve(
    world: &World,
    vendor: Vendor,
    token: Option<&Known>,
    request: Request,
    next: Next,
) -> Response {
    if vendor != Vendor::Identity
        && let Err(denial) = admit(vendor, request.headers(), token, now_ms())
    {
        return denied(vendor, denial);
    }
    if vendor != Vendor::Catalog {
        return next.run(request).await;
    }
    let quota = world.catalog.count(now_ms());
    let mut answer = if quota.is_exceeded {
        catalog::too_many()
    } else {
        next.run(request).await
    };
    quota.write_to(answer.headers_mut());
    answer
}

fn entry(
    vendor: Vendor,
    request: &Request,
    peer: &Peer,
    token: Option<&Known>,
    effect: &Effect,
) -> Entry {
    let headers = request.headers();
    let path = request.uri().path_and_query();
    Entry {
        n: 0,
        t_ms: peer.take_began_ms(),
        vendor,
        method: request.method().to_string(),
        path: path.map_or_else(String::new, |path| shortened(path.as_str())),
        status: None,
        fault: effect.kind(),
        correlation_id: text(headers, &CORRELATION_ID).map(shortened),
        token_id: token.map(|token| token.token_id.clone()),
        took_us: None,
        request_bytes: text(headers, &header::CONTENT_LENGTH)
            .and_then(|length| length.parse().ok())
            .unwrap_or(0),
        response_bytes: None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn shortened(text: &str) -> String {
    let end = text.floor_char_boundary(TEXT_AT_MOST_BYTES.min(text.len()));
    text.get(..end).unwrap_or_default().to_owned()
}
