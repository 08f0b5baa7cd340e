//! PHP code that we call: callables, functions and methods. Called with no lock, borrow or
//! transaction of ours held but the application's own.

use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::error::Error;
use ext_php_rs::exception::PhpException;
use ext_php_rs::types::{ZendCallable, Zval};
use ext_php_rs::zend::ExecutorGlobals;

use super::throw;
use super::value;
use crate::store::CallbackError;

/// Calls it; what it throws comes back as an error that can be thrown on.
pub(super) fn call(
    callable: &ZendCallable<'_>,
    arguments: Vec<&dyn IntoZvalDyn>,
) -> Result<Zval, CallbackError> {
    callable
        .try_call(arguments)
        .map_err(|error| throw::caught(&error))
}

/// Calls a function of PHP's own.
pub(super) fn function(name: &str, arguments: &[&Zval]) -> Result<Zval, CallbackError> {
    let callable = ZendCallable::try_from_name(name)
        .map_err(|_| CallbackError::new(format!("PHP has no function {name}()")))?;
    call(&callable, borrowed(arguments))
}

/// Calls a method of an object.
pub(super) fn method(
    object: &Zval,
    name: &str,
    arguments: &[&Zval],
) -> Result<Zval, CallbackError> {
    // What is thrown stands beside the result, and not in it.
    match object.try_call_method(name, borrowed(arguments)) {
        Ok(answer) if !ExecutorGlobals::has_exception() => Ok(answer),
        Ok(_) => Err(throw::caught(&Error::Callable)),
        Err(error) => Err(throw::caught(&error)),
    }
}

fn borrowed<'a>(arguments: &[&'a Zval]) -> Vec<&'a dyn IntoZvalDyn> {
    arguments
        .iter()
        .map(|value| *value as &dyn IntoZvalDyn)
        .collect()
}

/// Hands cache tags to a callable.
pub(super) fn invalidate(
    callable: &ZendCallable<'_>,
    tags: &[String],
) -> Result<(), CallbackError> {
    let tags = value::list(tags.iter().map(|tag| value::bytes(tag.as_bytes())))
        .map_err(|_| CallbackError::new("PHP could not build the list of tags"))?;
    call(callable, vec![&value::array(tags)]).map(|_| ())
}

/// Hands a snapshot's data to a callable that gives them another shape; NULL means none.
pub(super) fn rewrite(
    callable: &ZendCallable<'_>,
    json: &[u8],
    id: &str,
    version: i64,
) -> Result<Option<Vec<u8>>, CallbackError> {
    let thrown = |error: PhpException| {
        error.throw();
        throw::caught(&Error::Callable)
    };
    let data = value::json_decode(json, 512).map_err(thrown)?;
    let reshaped = call(callable, vec![&data, &id, &version])?;
    if reshaped.is_null() {
        return Ok(None);
    }
    value::json_encode(&reshaped).map(Some).map_err(thrown)
}
