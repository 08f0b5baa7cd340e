//! PHP callables as the callbacks of durable work; called with no transaction or lock of ours
//! held but the application's own.

use ext_php_rs::convert::IntoZvalDyn;
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
