//! PHP callables as the callbacks of durable work; called with no transaction or lock of ours
//! held but the application's own.

use ext_php_rs::convert::IntoZvalDyn;
use ext_php_rs::error::Error;
use ext_php_rs::exception::PhpException;
use ext_php_rs::types::{ZendCallable, Zval};

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
