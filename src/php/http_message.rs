//! HTTP messages as arguments: an array, or a PSR-7 object, read through its methods.
//!
//! An array has `method` and `url` (a request) or `status` (a response), and `headers` in any shape
//! and `body`, both of which may be left out. Of a PSR-7 message with a body that was read, the
//! whole body counts: `__toString()` rewinds it.

use std::borrow::Cow;

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::types::{ZendHashTable, ZendObject, Zval};

use super::exception_classes::ExceptionClass;
use super::{headers, raw, throw, value};
use crate::options::OptionError;
use crate::signature::message_signature::{HttpMessage, HttpResponse};
use crate::signature::{Headers, Message};

/// A message of the caller's, held while it is looked at.
pub(super) struct MessageArgument<'a> {
    start: Start,
    headers: Headers<'a>,
    body: Cow<'a, [u8]>,
}

enum Start {
    Request { method: String, url: String },
    Response { status: u16 },
}

impl<'a> MessageArgument<'a> {
    /// Reads an argument; `name` is what an error calls it.
    pub(super) fn of(name: &str, message: &'a Zval) -> PhpResult<Self> {
        let refuse = |got: &str| refused(name, got);
        if let Some(array) = message.array() {
            return Self::of_array(name, array);
        }
        let object = message
            .object()
            .ok_or_else(|| refuse("neither array nor object"))?;
        let text = |method: &str| {
            let value = called(object, method)?;
            text_of(&value).ok_or_else(|| refuse("an object that is no PSR-7 message"))
        };
        let start = if headers::has_method(message, "getMethod") {
            let (method, url) = (text("getMethod")?, text("getUri")?);
            Start::Request {
                method: String::from_utf8_lossy(&method).into_owned(),
                url: String::from_utf8_lossy(&url).into_owned(),
            }
        } else if headers::has_method(message, "getStatusCode") {
            Start::Response {
                status: status_of(&called(object, "getStatusCode")?)
                    .ok_or_else(|| refuse("an object without a status"))?,
            }
        } else {
            return Err(refuse("an object that is no PSR-7 message"));
        };
        Ok(Self {
            start,
            headers: headers::of(message)?,
            body: Cow::Owned(text("getBody")?),
        })
    }

    fn of_array(name: &str, array: &'a ZendHashTable) -> PhpResult<Self> {
        const KEYS: [&[u8]; 5] = [b"method", b"url", b"status", b"headers", b"body"];
        let mut unknown = false;
        raw::each_named(array, |key, _| unknown |= !KEYS.contains(&key));
        let bytes = |key: &str| array.get(key).and_then(value::scalar_bytes);
        let text = |key: &str| bytes(key).map(|b| String::from_utf8_lossy(&b).into_owned());
        let start = match (text("method"), array.get("status").map(status_of)) {
            _ if unknown => return Err(refused(name, "an array with other keys")),
            (Some(method), None) => Start::Request {
                method,
                url: text("url").unwrap_or_default(),
            },
            (None, Some(Some(status))) => Start::Response { status },
            (Some(_), Some(_)) | (None, None | Some(None)) => {
                return Err(refused(name, "an array with both or neither of them"));
            }
        };
        let headers = match array.get("headers") {
            Some(headers) => headers::of(headers.dereference())?,
            None => Headers::default(),
        };
        Ok(Self {
            start,
            headers,
            body: Cow::Owned(bytes("body").unwrap_or_default()),
        })
    }

    /// The request that it is, if it is one.
    pub(super) fn request(&self) -> Option<Message<'_>> {
        match &self.start {
            Start::Request { method, url } => Some(Message {
                body: &self.body,
                headers: &self.headers,
                method,
                url,
            }),
            Start::Response { .. } => None,
        }
    }

    /// The message, with the request that it answers.
    pub(super) fn message<'m>(&'m self, request: Option<Message<'m>>) -> HttpMessage<'m> {
        match (&self.start, self.request()) {
            (Start::Response { status }, _) => HttpMessage::Response(HttpResponse {
                status: *status,
                headers: &self.headers,
                body: &self.body,
                request,
            }),
            (Start::Request { method, url }, _) => HttpMessage::Request(Message {
                body: &self.body,
                headers: &self.headers,
                method,
                url,
            }),
        }
    }
}

/// Hands a message and the request that it answers to `then`.
pub(super) fn with<T>(
    message: &Zval,
    request: Option<&Zval>,
    then: impl FnOnce(&HttpMessage<'_>) -> PhpResult<T>,
) -> PhpResult<T> {
    let message = MessageArgument::of("message", message)?;
    let answered = request
        .filter(|request| !request.is_null())
        .map(|request| MessageArgument::of("request", request))
        .transpose()?;
    let request = match &answered {
        None => None,
        Some(answered) => {
            let request = answered.request();
            Some(request.ok_or_else(|| refused("request", "a response"))?)
        }
    };
    then(&message.message(request))
}

fn refused(name: &str, got: &str) -> PhpException {
    let allowed =
        "a PSR-7 message, or an array of method and url, or status, and of headers and body";
    throw::options(name, &OptionError::new(name, got, allowed))
}

fn called(object: &ZendObject, method: &str) -> PhpResult<Zval> {
    object
        .try_call_method(method, Vec::new())
        .map_err(|error| throw::pending_or(error, ExceptionClass::Call))
}

/// Text, or what an object such as a URI or a stream writes itself as.
fn text_of(value: &Zval) -> Option<Vec<u8>> {
    let Some(object) = value.object() else {
        return value::scalar_bytes(value);
    };
    let text = object.try_call_method("__toString", Vec::new()).ok()?;
    value::scalar_bytes(&text)
}

fn status_of(value: &Zval) -> Option<u16> {
    let status = u16::try_from(value.dereference().long()?).ok()?;
    (100..=999).contains(&status).then_some(status)
}
