//! Header fields from any shape that PHP programs have them in, looked up where they stand.
//!
//! Nothing is copied of an array: verifying a delivery reads a few of the fields. What stands behind
//! a reference is, as a callback of the program may change it meanwhile, and what an object returns.

use std::borrow::Cow;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::exception_classes::ExceptionClass;
use super::{raw, throw, value};
use crate::options::OptionError;
use crate::signature::{Field, Headers};

/// Of `'Name' => 'value'`,
/// `'name' => ['value', …]`, `$_SERVER` with its `HTTP_` names, or an object that has one of
/// these: a PSR-7 message (`getHeaders()`), Symfony's bags (`all()`).
///
/// # Errors
/// When it is none of these.
pub(super) fn of(headers: &Zval) -> PhpResult<Headers<'_>> {
    if let Some(array) = headers.array() {
        let mut fields = Vec::with_capacity(array.len());
        take_fields(array, false, &mut fields);
        return Ok(Headers::from_fields(fields));
    }
    let refused = || {
        let got = "neither an array nor an object with getHeaders() or all()";
        let allowed = "header fields, a PSR-7 message or a header bag";
        throw::options("headers", &OptionError::new("headers", got, allowed))
    };
    let object = headers.object().ok_or_else(refused)?;
    for method in ["getHeaders", "all"] {
        if has_method(headers, method) {
            let fields_of = object.try_call_method(method, Vec::new());
            let array =
                fields_of.map_err(|error| throw::pending_or(error, ExceptionClass::Call))?;
            // What the call returned lives no longer than this function.
            let mut fields = Vec::new();
            take_fields(array.array().ok_or_else(refused)?, true, &mut fields);
            let owned = fields.into_iter().map(|(name, value)| {
                let (name, value) = (name.into_owned(), value.into_owned());
                (Cow::Owned(name), Cow::Owned(value))
            });
            return Ok(Headers::from_fields(owned.collect()));
        }
    }
    Err(refused())
}

/// Whether an object has a method of this name.
pub(super) fn has_method(object: &Zval, method: &str) -> bool {
    let callable = [object.shallow_clone(), value::bytes(method.as_bytes())];
    value::list(callable).is_ok_and(|callable| value::array(callable).is_callable())
}

fn take_fields<'h>(array: &'h ZendHashTable, is_copied: bool, fields: &mut Vec<Field<'h>>) {
    let mut is_server = false;
    raw::each_named(array, |name, _| is_server |= name == b"REQUEST_METHOD");
    raw::each_named(array, |name, value| {
        if is_server && !is_variable_of_field(name) {
            return;
        }
        // A callback of the program may change what stands behind a reference: that is copied.
        let is_copied = is_copied || value.is_reference();
        let value = value.dereference();
        let mut take = |value: &'h Zval| {
            let is_copied = is_copied || value.is_reference();
            match value.dereference().zend_str() {
                Some(text) if !is_copied => fields.push((name.into(), text.as_bytes().into())),
                _ => fields
                    .extend(value::scalar_bytes(value).map(|one| (name.into(), Cow::Owned(one)))),
            }
        };
        match value.array() {
            Some(values) => values.iter().for_each(|(_, one)| take(one)),
            None => take(value),
        }
    });
}

/// Whether a server variable holds a header field.
fn is_variable_of_field(name: &[u8]) -> bool {
    name.starts_with(b"HTTP_") || matches!(name, b"CONTENT_TYPE" | b"CONTENT_LENGTH")
}
