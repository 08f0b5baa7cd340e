//! Makes one call whose content is streamed, or whose answer is not held in memory.
//!
//! An answer of 400 and above never goes into a sink, nor is it handed out open when it is thrown:
//! it is read whole, up to the connection's cap, so that the exception shows what the vendor said.

use std::rc::Rc;

use ext_php_rs::exception::PhpResult;

use super::body_state::BodyState;
use super::call_host::CallHost;
use super::connection::Connection;
use super::request::{Delivery, Prepared};
use super::response::PhpResponse;
use super::sink::Sink;
use super::throw;
use crate::clock;
use crate::http::Answer;

/// Makes the call.
pub(super) fn send(connection: &Rc<Connection>, prepared: Prepared) -> PhpResult<PhpResponse> {
    let Prepared {
        mut request,
        source,
        delivery,
        throw_on_error,
        ..
    } = prepared;
    let host = CallHost::new(&connection.host);
    let (number, content) = host.add(source, None);
    request.content = content.unwrap_or(request.content);
    let started = clock::monotonic();
    if matches!(delivery, Delivery::Whole) {
        let answer = connection.client.call(&request, &host);
        let answer = answer.map_err(|error| host.exception(number, error))?;
        return answered(connection, answer, throw_on_error);
    }
    let opened = connection.client.open(&request, &host);
    let (mut answer, incoming) = opened.map_err(|error| host.exception(number, error))?;
    let length_bytes = length_of(&answer);
    let state = BodyState::open(Rc::clone(connection), incoming, length_bytes);
    let is_error = answer.status >= 400;
    match delivery {
        Delivery::Open if !(is_error && throw_on_error) => {
            Ok(PhpResponse::with_body(answer, Rc::new(state)))
        }
        Delivery::Sink(sink) if !is_error => {
            let written_bytes = fill(sink, &state)?;
            answer.elapsed = clock::monotonic().since(started);
            let state = BodyState::sunk(written_bytes);
            Ok(PhpResponse::with_body(answer, Rc::new(state)))
        }
        Delivery::Whole | Delivery::Open | Delivery::Sink(_) => {
            answer.body = state.rest()?;
            answer.elapsed = clock::monotonic().since(started);
            answered(connection, answer, throw_on_error)
        }
    }
}

/// A response, or the exception that its status is.
pub(super) fn answered(
    connection: &Connection,
    answer: Answer,
    throw_on_error: bool,
) -> PhpResult<PhpResponse> {
    if !throw_on_error {
        return Ok(PhpResponse::new(answer));
    }
    let answer = connection.client.refuse_error_status(answer);
    answer.map(PhpResponse::new).map_err(throw::call)
}

/// Copies a content into a sink; a file that stays incomplete is removed.
pub(super) fn fill(sink: Sink, state: &BodyState) -> PhpResult<u64> {
    let mut sink = sink.open().map_err(throw::sink)?;
    loop {
        match state.piece() {
            Ok(Some(piece)) => {
                if let Err(error) = sink.write(&piece) {
                    sink.discard();
                    return Err(throw::sink(error));
                }
            }
            Ok(None) => return sink.close().map_err(throw::sink),
            Err(exception) => {
                sink.discard();
                return Err(exception);
            }
        }
    }
}

/// The vendor's own word; a decoded content has none.
fn length_of(answer: &Answer) -> Option<u64> {
    let length = answer.headers.get(::http::header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}
