//! Makes many calls of one connection at once, for `Client::all()`.
//!
//! Requests are drawn from PHP's iterable when there is room. A request that cannot be made, and a
//! call that fails, are an exception in their place and stop nobody else. What the iterable itself
//! throws ends the drawing; it is thrown when the calls that were begun are done.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ArrayKey, ZendClassObject, ZendHashTable, Zval};

use super::body_state::BodyState;
use super::call_host::CallHost;
use super::connection::Connection;
use super::exception_classes::ExceptionClass;
use super::exit;
use super::iteration::Iteration;
use super::request::{self, Delivery, Prepared};
use super::response::PhpResponse;
use super::sending;
use super::{signals, throw, value};
use crate::http::{Answer, CallError, Request};
use crate::options::OptionError;
use crate::store::CallbackError;

const REQUEST: &str = "a URI, or a list of method, URI and options";

/// A request's place in the result.
struct Slot {
    key: Zval,
    outcome: Option<Zval>,
    /// Its number with the host, once it was sent.
    call: usize,
    throw_on_error: bool,
}

/// A request that is about to be sent, and its place.
struct Drawn {
    number: usize,
    request: Request,
}

struct Many<'a> {
    connection: &'a Rc<Connection>,
    host: CallHost<'a>,
    slots: RefCell<Vec<Slot>>,
    thrown: RefCell<Option<CallbackError>>,
}

/// Makes the calls; the results by key, in the iterable's order.
pub(super) fn all(
    connection: &Rc<Connection>,
    requests: &Zval,
    concurrency: usize,
) -> PhpResult<ZBox<ZendHashTable>> {
    let name = &connection.client.plan().name;
    let mut drawing = Iteration::over(requests)
        .map_err(throw::callback)?
        .ok_or_else(|| {
            let kind = value::kind(requests);
            throw::options(name, &OptionError::new("requests", kind, "an iterable"))
        })?;
    let many = Many {
        connection,
        host: CallHost::new(&connection.host),
        slots: RefCell::default(),
        thrown: RefCell::default(),
    };
    let drawn = std::iter::from_fn(|| {
        let drawn = many.draw(&mut drawing)?;
        Some((drawn.number, drawn.request))
    });
    let called = connection
        .client
        .call_many(drawn, concurrency, &many.host, |number, outcome| {
            many.end(number, outcome)
        });
    if !exit::is_asked() {
        // What broke off early left its files incomplete.
        many.host.discard_sinks();
    }
    if let Some(thrown) = many.thrown.take() {
        return Err(throw::callback(thrown));
    }
    if exit::is_asked() {
        return Err(refused("exit()"));
    }
    called.map_err(throw::call)?;
    many.results()
}

impl Many<'_> {
    /// The next request that can be sent; those that cannot get their exception.
    fn draw(&self, drawing: &mut Iteration) -> Option<Drawn> {
        loop {
            if self.thrown.borrow().is_some() || exit::is_asked() {
                return None;
            }
            let (key, entry) = match drawing.step() {
                Ok(step) => step?,
                Err(error) => {
                    *self.thrown.borrow_mut() = Some(error);
                    return None;
                }
            };
            let number = self.add(key);
            match self.prepare(&entry) {
                Ok(prepared) => return Some(self.place(number, prepared)),
                Err(exception) => self.put(number, throw::object(exception)),
            }
        }
    }

    fn add(&self, key: Zval) -> usize {
        let mut slots = self.slots.borrow_mut();
        slots.push(Slot {
            key,
            outcome: None,
            call: 0,
            throw_on_error: true,
        });
        slots.len() - 1
    }

    fn prepare(&self, entry: &Zval) -> PhpResult<Prepared> {
        let name = &self.connection.client.plan().name;
        let entry = entry.dereference();
        let refuse = || {
            let error = OptionError::new("requests", value::kind(entry), REQUEST);
            throw::options(name, &error)
        };
        let prepared = match (entry.str(), entry.array()) {
            (Some(uri), _) => request::prepare(name, "GET", uri, None),
            (None, Some(parts)) => {
                let text = |index| {
                    parts
                        .get_index(index)
                        .and_then(|part| part.dereference().str())
                };
                let method = text(0).ok_or_else(refuse)?;
                let uri = text(1).ok_or_else(refuse)?;
                let options = parts.get_index(2).filter(|options| !options.is_null());
                let options = match options {
                    Some(options) => Some(options.dereference().array().ok_or_else(refuse)?),
                    None => None,
                };
                request::prepare(name, method, uri, options)
            }
            (None, None) => return Err(refuse()),
        }?;
        if matches!(prepared.delivery, Delivery::Open) {
            let allowed = "left out in all(): request() hands out an answer that is open";
            let error = OptionError::new("stream", "true", allowed);
            return Err(throw::options(name, &error));
        }
        Ok(prepared)
    }

    fn place(&self, number: usize, prepared: Prepared) -> Drawn {
        let mut request = prepared.request;
        let sink = match prepared.delivery {
            Delivery::Sink(sink) => Some(sink),
            Delivery::Whole | Delivery::Open => None,
        };
        let has_sink = sink.is_some();
        let (call, content) = self.host.add(prepared.source, sink);
        request.content = content.unwrap_or(request.content);
        request.sink = has_sink.then_some(call);
        if let Some(slot) = self.slots.borrow_mut().get_mut(number) {
            slot.call = call;
            slot.throw_on_error = prepared.throw_on_error;
        }
        Drawn { number, request }
    }

    fn end(&self, number: usize, outcome: Result<Answer, CallError>) -> ControlFlow<()> {
        if exit::is_asked() || signals::has_thrown() {
            return ControlFlow::Break(());
        }
        let (call, throw_on_error) = {
            let slots = self.slots.borrow();
            let slot = slots.get(number);
            slot.map_or((0, true), |slot| (slot.call, slot.throw_on_error))
        };
        let is_well = outcome.as_ref().is_ok_and(|answer| answer.status < 400);
        let response = match (outcome, self.host.end(call, is_well)) {
            (Ok(answer), Ok(Some(written_bytes))) => {
                let body = BodyState::sunk(written_bytes);
                Ok(PhpResponse::with_body(answer, Rc::new(body)))
            }
            (Ok(answer), Ok(None)) => sending::answered(self.connection, answer, throw_on_error),
            (Ok(_), Err(error)) => Err(throw::sink(error)),
            (Err(error), _) => Err(self.host.exception(call, error)),
        };
        let response = response.and_then(|response| {
            let object = ZendClassObject::new(response).into_zval(false);
            object.map_err(PhpException::from)
        });
        self.put(number, response.unwrap_or_else(throw::object));
        ControlFlow::Continue(())
    }

    fn put(&self, number: usize, outcome: Zval) {
        if let Some(slot) = self.slots.borrow_mut().get_mut(number) {
            slot.outcome = Some(outcome);
        }
    }

    fn results(self) -> PhpResult<ZBox<ZendHashTable>> {
        let mut results = ZendHashTable::new();
        for slot in self.slots.into_inner() {
            let key = match (slot.key.long(), slot.key.str()) {
                (Some(number), _) => ArrayKey::Long(number),
                (None, Some(text)) => ArrayKey::from(text),
                (None, None) => {
                    return Err(refused("a key that is neither a string nor an integer"));
                }
            };
            if results.has_key(&key) {
                return Err(refused("a key that came twice"));
            }
            results.insert(key, slot.outcome.unwrap_or_else(Zval::null))?;
        }
        Ok(results)
    }
}

fn refused(what: &str) -> PhpException {
    let message = format!("all(): the requests have {what}");
    let field = ("field", value::bytes(b"requests"));
    throw::exception(ExceptionClass::Options, &message, [field])
}
