//! Values across the border: PHP arrays into options, header arrays of any shape into fields,
//! JSON through PHP's own decoder.

use std::fmt;

use bytes::Bytes;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::DataType;
use ext_php_rs::types::{ArrayKey, ZendCallable, ZendHashTable, ZendStr, Zval};

use super::exception_classes::ExceptionClass;
use super::secret::PhpSecret;
use super::throw;
use crate::options::{OptionError, Value};

/// Arrays in options nest at most so deep; a PHP array may contain itself by reference.
const MAX_DEPTH: usize = 16;

const JSON_OBJECT_AS_ARRAY: i64 = 1;
const JSON_BIGINT_AS_STRING: i64 = 2;
const JSON_UNESCAPED: i64 = 64 | 256;
const JSON_PRESERVE_ZERO_FRACTION: i64 = 1024;
const JSON_THROW_ON_ERROR: i64 = 1 << 22;

/// An options array as a tree; `None` is an empty one.
pub(super) fn options(owner: &str, array: Option<&ZendHashTable>) -> PhpResult<Value> {
    match array {
        None => Ok(Value::Map(Vec::new())),
        Some(array) => map_of(array, &Path::Top).map_err(|error| throw::options(owner, &error)),
    }
}

/// Where a value stands in the options; written out only for an error.
enum Path<'p> {
    Top,
    Named(&'p str),
    Below(&'p Path<'p>, &'p str),
}

impl Path<'_> {
    fn depth(&self) -> usize {
        match self {
            Self::Top | Self::Named(_) => 0,
            Self::Below(parent, _) => parent.depth() + 1,
        }
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Top => Ok(()),
            Self::Named(name) | Self::Below(Self::Top, name) => f.write_str(name),
            Self::Below(parent, name) => write!(f, "{parent}.{name}"),
        }
    }
}

fn map_of(array: &ZendHashTable, path: &Path<'_>) -> Result<Value, OptionError> {
    if path.depth() > MAX_DEPTH {
        return Err(OptionError::new(
            path.to_string(),
            "a deeper array",
            "nested at most 16 deep",
        ));
    }
    let entries = array
        .iter()
        .map(|(key, value)| {
            let key = key_of(&key);
            let value = value_of(value, &Path::Below(path, &key))?;
            Ok((key, value))
        })
        .collect::<Result<Vec<_>, OptionError>>()?;
    if array.has_sequential_keys() {
        return Ok(Value::List(
            entries.into_iter().map(|(_, value)| value).collect(),
        ));
    }
    Ok(Value::Map(entries))
}

fn value_of(value: &Zval, path: &Path<'_>) -> Result<Value, OptionError> {
    let value = value.dereference();
    if let Some(array) = value.array() {
        return map_of(array, path);
    }
    if let Some(object) = value.object() {
        return PhpSecret::reference_of(object)
            .map(Value::Secret)
            .ok_or_else(|| {
                OptionError::new(
                    path.to_string(),
                    "an object",
                    "a scalar, an array or a Causeway\\Secret",
                )
            });
    }
    if let Some(text) = value.zend_str() {
        return Ok(Value::Str(text.as_bytes().to_vec()));
    }
    if value.is_resource() {
        let allowed = "a scalar, an array or a Causeway\\Secret";
        return Err(OptionError::new(path.to_string(), "a resource", allowed));
    }
    Ok(match (value.long(), value.bool(), value.double()) {
        (Some(number), _, _) => Value::Int(number),
        (_, Some(truth), _) => Value::Bool(truth),
        (_, _, Some(number)) => Value::Float(number),
        (None, None, None) => Value::Null,
    })
}

/// One option's value as a tree; `path` is its name.
pub(super) fn tree(value: &Zval, path: &str) -> Result<Value, OptionError> {
    value_of(value, &Path::Named(path))
}

/// A PHP value's kind, for the error about it.
pub(super) fn kind(value: &Zval) -> &'static str {
    let value = value.dereference();
    if value.is_string() {
        "a string"
    } else if value.is_array() {
        "an array"
    } else if value.is_object() {
        "an object"
    } else if value.is_resource() {
        "a resource"
    } else {
        match (value.long(), value.bool(), value.double()) {
            (Some(_), _, _) => "an integer",
            (_, Some(true), _) => "true",
            (_, Some(false), _) => "false",
            (_, _, Some(_)) => "a float",
            (None, None, None) => "null",
        }
    }
}

/// An array's key as a value.
pub(super) fn key(key: &ArrayKey<'_>) -> Zval {
    match key {
        ArrayKey::Long(number) => int(*number),
        ArrayKey::String(text) => bytes(text.as_bytes()),
        ArrayKey::Str(text) => bytes(text.as_bytes()),
        ArrayKey::ZendString(text) => bytes(text.as_bytes()),
    }
}

fn key_of(key: &ArrayKey<'_>) -> String {
    key.to_string()
}

/// The bytes of a scalar as PHP would print it; `None` for arrays, objects and null.
pub(super) fn scalar_bytes(value: &Zval) -> Option<Vec<u8>> {
    let value = value.dereference();
    if let Some(text) = value.zend_str() {
        return Some(text.as_bytes().to_vec());
    }
    match (value.long(), value.bool(), value.double()) {
        (Some(number), _, _) => Some(number.to_string().into_bytes()),
        (_, Some(truth), _) => Some(if truth { b"1".to_vec() } else { b"0".to_vec() }),
        (_, _, Some(number)) => Some(number.to_string().into_bytes()),
        (None, None, None) => None,
    }
}

/// Header fields from any shape that PHP programs have them in: `'Name' => 'value'`,
/// `'name' => ['value', …]`, or `$_SERVER` with its `HTTP_` names.
pub(super) fn header_fields(array: &ZendHashTable) -> Vec<(String, Vec<u8>)> {
    let is_server = array
        .iter()
        .any(|(key, _)| key_of(&key) == "REQUEST_METHOD");
    let mut fields = Vec::new();
    for (key, value) in array.iter() {
        let Some(name) = field_name(&key_of(&key), is_server) else {
            continue;
        };
        let value = value.dereference();
        if let Some(values) = value.array() {
            fields.extend(
                values
                    .iter()
                    .filter_map(|(_, one)| scalar_bytes(one))
                    .map(|one| (name.clone(), one)),
            );
        } else if let Some(one) = scalar_bytes(value) {
            fields.push((name, one));
        }
    }
    fields
}

fn field_name(key: &str, is_server: bool) -> Option<String> {
    if !is_server {
        return Some(key.to_ascii_lowercase());
    }
    let name = match key {
        "CONTENT_TYPE" | "CONTENT_LENGTH" => key,
        _ => key.strip_prefix("HTTP_")?,
    };
    Some(name.to_ascii_lowercase().replace('_', "-"))
}

/// Bytes that a method returns as `string`: Rust's own strings are UTF-8 alone.
pub struct ByteString(pub(super) Bytes);

impl IntoZval for ByteString {
    const TYPE: DataType = DataType::String;
    const NULLABLE: bool = false;

    fn set_zval(self, value: &mut Zval, persistent: bool) -> ext_php_rs::error::Result<()> {
        value.set_zend_string(ZendStr::new(&self.0, persistent));
        Ok(())
    }
}

/// A PHP string of bytes.
pub(super) fn bytes(bytes: &[u8]) -> Zval {
    let mut value = Zval::new();
    value.set_zend_string(ZendStr::new(bytes, false));
    value
}

/// A PHP string, or null.
pub(super) fn optional_text(text: Option<&str>) -> Zval {
    text.map_or_else(Zval::null, |text| bytes(text.as_bytes()))
}

/// A number, or NULL.
pub(super) fn optional_int(number: Option<i64>) -> Zval {
    number.map_or_else(Zval::null, int)
}

/// A whole number as PHP has it.
pub(super) fn int(number: i64) -> Zval {
    let mut value = Zval::new();
    value.set_long(number);
    value
}

/// A truth value.
pub(super) fn truth(is_true: bool) -> Zval {
    let mut value = Zval::new();
    value.set_bool(is_true);
    value
}

/// An array value.
pub(super) fn array(array: ZBox<ZendHashTable>) -> Zval {
    let mut value = Zval::new();
    value.set_hashtable(array);
    value
}

/// An array with these entries; an entry that the engine refuses is an engine defect and thrown.
pub(super) fn record<const N: usize>(entries: [(&str, Zval); N]) -> PhpResult<ZBox<ZendHashTable>> {
    let mut array = ZendHashTable::with_capacity(u32::try_from(N).unwrap_or(8));
    for (key, value) in entries {
        array.insert(key, value)?;
    }
    Ok(array)
}

/// A list of values.
pub(super) fn list(values: impl IntoIterator<Item = Zval>) -> PhpResult<ZBox<ZendHashTable>> {
    let mut array = ZendHashTable::new();
    for value in values {
        array.push(value)?;
    }
    Ok(array)
}

/// Decodes JSON as PHP does: the last of duplicate keys, objects as arrays, integers beyond
/// 64 bits as strings. A `\JsonException` is thrown on.
pub(super) fn json_decode(json: &[u8], depth: i64) -> PhpResult<Zval> {
    let depth = depth.clamp(1, 10_000);
    let flags = JSON_OBJECT_AS_ARRAY | JSON_BIGINT_AS_STRING | JSON_THROW_ON_ERROR;
    call(
        "json_decode",
        &[bytes(json), truth(true), int(depth), int(flags)],
    )
}

/// Encodes a value as JSON: how outcomes and request bodies are written.
pub(super) fn json_encode(value: &Zval) -> PhpResult<Vec<u8>> {
    let flags = JSON_UNESCAPED | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;
    let json = call("json_encode", &[value.shallow_clone(), int(flags)])?;
    Ok(scalar_bytes(&json).unwrap_or_default())
}

/// What stands at a JSON pointer (RFC 6901) in a decoded value; '' is the whole.
pub(super) fn at_pointer<'a>(value: &'a Zval, pointer: &str) -> Option<&'a Zval> {
    let mut value = value.dereference();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        value = value.array()?.get(token.as_str())?.dereference();
    }
    Some(value)
}

fn call(function: &str, arguments: &[Zval]) -> PhpResult<Zval> {
    let callable = ZendCallable::try_from_name(function)?;
    let arguments = arguments
        .iter()
        .map(|value| value as &dyn ext_php_rs::convert::IntoZvalDyn);
    callable
        .try_call(arguments.collect())
        .map_err(|error| throw::pending_or(error, ExceptionClass::Call))
}
