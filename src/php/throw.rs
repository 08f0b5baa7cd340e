//! From the core's errors to PHP's exceptions: one function for each error type, no wildcard.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpException;
use ext_php_rs::types::{ZendClassObject, ZendObject, Zval};
use ext_php_rs::zend::{ExecutorGlobals, ce};

use super::exception_classes::ExceptionClass;
use super::exit;
use super::raw;
use super::response::PhpResponse;
use super::signals;
use super::value;
use crate::http::{CallError, CallErrorKind, Sent};
use crate::options::OptionError;
use crate::store::{CallbackError, StoreError};

/// An exception of this class with its properties; file, line and trace are PHP's own.
pub(super) fn exception<const N: usize>(
    class: ExceptionClass,
    message: &str,
    properties: [(&str, Zval); N],
) -> PhpException {
    exception_after(class, message, properties, None)
}

/// An exception as a value, not thrown.
pub(super) fn object(exception: PhpException) -> Zval {
    exception.throw();
    let thrown = ExecutorGlobals::take_exception().filter(|thrown| !exit::is_exit(thrown));
    let object = thrown.and_then(|thrown| thrown.into_zval(false).ok());
    object.unwrap_or_else(Zval::null)
}

/// A sink that takes no bytes: what PHP code threw, or ours.
pub(super) fn sink(error: CallbackError) -> PhpException {
    if error.has_payload() {
        return callback(error);
    }
    exception(ExceptionClass::Call, &error.message, [])
}

fn exception_after<const N: usize>(
    class: ExceptionClass,
    message: &str,
    properties: [(&str, Zval); N],
    previous: Option<ZBox<ZendObject>>,
) -> PhpException {
    let entry = class.entry();
    let plain = PhpException::new(message.replace('\0', "\\0"), 0, entry);
    if let Some(previous) = &previous {
        exit::is_exit(previous);
    }
    if exit::resume() {
        // Pending by now: what is thrown on top of it has no effect.
        return plain;
    }
    let mut object = ZendObject::new(entry);
    raw::update_property(
        ce::exception(),
        &mut object,
        "message",
        &mut value::bytes(message.as_bytes()),
    );
    for (name, mut property) in properties {
        raw::update_property(entry, &mut object, name, &mut property);
    }
    if let Some(previous) = previous {
        raw::set_previous(&mut object, previous);
    }
    match object.into_zval(false) {
        Ok(object) => plain.with_object(object),
        Err(_) => plain,
    }
}

/// A bad option of `owner`: a connection, a verifier, a ledger.
pub(super) fn options(owner: &str, error: &OptionError) -> PhpException {
    exception(
        ExceptionClass::Options,
        &format!("{owner}: {error}"),
        [("field", value::bytes(error.field.as_bytes()))],
    )
}

/// A call without a usable answer.
pub(super) fn call(error: CallError) -> PhpException {
    if let (CallErrorKind::Interrupted, Some(thrown)) = (&error.kind, signals::take_thrown()) {
        return callback(thrown);
    }
    let message = error.to_string();
    let class = call_class(&error.kind);
    let facts = call_facts(&error);
    if let CallErrorKind::Status(answer) = error.kind {
        let response = ZendClassObject::new(PhpResponse::new(*answer)).into_zval(false);
        let [a, b, c, d, e, f, g] = facts;
        let response = ("response", response.unwrap_or_else(|_| Zval::null()));
        return exception(class, &message, [a, b, c, d, e, f, g, response]);
    }
    exception(class, &message, facts)
}

fn call_facts(error: &CallError) -> [(&'static str, Zval); 7] {
    let sent = match error.sent {
        Sent::No => "no",
        Sent::Maybe => "maybe",
        Sent::Yes => "yes",
    };
    let optional = |number: Option<i64>| number.map_or_else(Zval::null, value::int);
    [
        ("connection", value::bytes(error.connection.as_bytes())),
        ("sent", value::bytes(sent.as_bytes())),
        ("attempts", value::int(i64::from(error.attempts))),
        ("elapsedMs", value::int(millis(error.elapsed))),
        ("status", optional(error.status.map(i64::from))),
        ("retryAfterMs", optional(error.retry_after.map(millis))),
        (
            "correlationId",
            value::bytes(error.correlation_id.as_bytes()),
        ),
    ]
}

fn call_class(kind: &CallErrorKind) -> ExceptionClass {
    match kind {
        CallErrorKind::Connect => ExceptionClass::Connect,
        CallErrorKind::Network => ExceptionClass::Network,
        CallErrorKind::Timeout => ExceptionClass::Timeout,
        CallErrorKind::Status(_) => ExceptionClass::Status,
        CallErrorKind::BreakerOpen => ExceptionClass::BreakerOpen,
        CallErrorKind::Paused => ExceptionClass::Paused,
        CallErrorKind::Throttled => ExceptionClass::Throttled,
        CallErrorKind::Auth => ExceptionClass::Auth,
        CallErrorKind::AddressRefused => ExceptionClass::AddressRefused,
        CallErrorKind::Limit => ExceptionClass::Limit,
        CallErrorKind::Interrupted => ExceptionClass::Interrupted,
        CallErrorKind::BadRequest => ExceptionClass::Call,
        CallErrorKind::Stray => ExceptionClass::Stray,
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A store's failure; an exception that PHP code inside has thrown is thrown on as it is.
pub(super) fn store(error: StoreError) -> PhpException {
    match error.into_callback() {
        Ok(error) => callback(error),
        Err(error) => {
            let reason = value::bytes(error.kind.reason().as_bytes());
            exception(
                ExceptionClass::Store,
                &error.to_string(),
                [("reason", reason)],
            )
        }
    }
}

/// Wrong use of a store.
pub(super) fn store_misuse(message: &str) -> PhpException {
    exception(
        ExceptionClass::Store,
        message,
        [("reason", value::bytes(b"misuse"))],
    )
}

/// What PHP code threw inside one of our steps.
pub(super) fn callback(error: CallbackError) -> PhpException {
    let message = error.message.clone();
    if exit::resume() {
        return PhpException::new(message, 0, ExceptionClass::Store.entry());
    }
    let thrown = error
        .into_payload()
        .and_then(|payload| payload.downcast::<ZBox<ZendObject>>().ok());
    match thrown.map(|object| (*object).into_zval(false)) {
        Some(Ok(object)) => PhpException::new(message, 0, ce::exception()).with_object(object),
        Some(Err(_)) | None => PhpException::new(message, 0, ExceptionClass::Store.entry()),
    }
}

/// Takes the exception that PHP code has just thrown out of the engine, so that our own steps can
/// go on (a failure is recorded, a transaction rolled back) before it is thrown on.
pub(super) fn caught(error: &ext_php_rs::error::Error) -> CallbackError {
    let Some(thrown) = ExecutorGlobals::take_exception() else {
        return CallbackError::new(error.to_string());
    };
    if exit::is_exit(&thrown) {
        return CallbackError::new("PHP was told to exit");
    }
    let message = message_of(&thrown);
    CallbackError::with_payload(message, Box::new(thrown))
}

fn message_of(thrown: &ZendObject) -> String {
    let class = thrown.get_class_name().unwrap_or_default();
    let message = thrown
        .try_call_method("getMessage", Vec::new())
        .ok()
        .and_then(|message| message.string())
        .unwrap_or_default();
    format!("{class}: {message}")
}

/// The pending exception of PHP as it is, or one of ours about a failed call into the engine.
pub(super) fn pending_or(error: ext_php_rs::error::Error, class: ExceptionClass) -> PhpException {
    if ExecutorGlobals::has_exception() {
        return callback(caught(&error));
    }
    exception(class, &error.to_string(), [])
}

/// An exception with another behind it as its cause.
pub(super) fn because(class: ExceptionClass, message: &str, cause: PhpException) -> PhpException {
    cause.throw();
    exception_after(class, message, [], ExecutorGlobals::take_exception())
}
