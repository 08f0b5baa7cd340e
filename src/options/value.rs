//! What options look like before they are understood: a tree of plain values.
//!
//! The binding makes it from PHP arrays, tests from literals. Nothing here knows a rule; the
//! [reader](super::Fields) and the rooms' own `Options` types do. Descriptions go into error
//! messages, so a secret is described by its kind alone and a text is cut short.

use super::SecretRef;

/// Characters of a text that a description shows.
const SHOWN_CHARS: usize = 40;

/// A value as the caller wrote it.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// PHP's `null`: the same as leaving the option out.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Bytes; text options demand UTF-8.
    Str(Vec<u8>),
    /// A secret by reference.
    Secret(SecretRef),
    /// An array with the keys 0, 1, 2 …
    List(Vec<Value>),
    /// Any other array, in the caller's order.
    Map(Vec<(String, Value)>),
}

impl Value {
    /// A map from literals.
    pub fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Value)>) -> Self {
        Self::Map(
            entries
                .into_iter()
                .map(|(key, value)| (key.into(), value))
                .collect(),
        )
    }

    /// A list from literals.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Self {
        Self::List(items.into_iter().collect())
    }

    /// The value as an error message shows it: `'four'`, `7`, `an array`.
    pub fn described(&self) -> String {
        match self {
            Self::Str(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) if text.chars().count() <= SHOWN_CHARS => format!("'{text}'"),
                Ok(text) => format!("'{}…'", text.chars().take(SHOWN_CHARS).collect::<String>()),
                Err(_) => "bytes that are not UTF-8".to_owned(),
            },
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(_) | Self::Null | Self::Secret(_) | Self::List(_) | Self::Map(_) => {
                self.kind().to_owned()
            }
        }
    }

    /// The value's kind, for fields whose value must not be shown.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(true) => "true",
            Self::Bool(false) => "false",
            Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::Secret(_) => "a secret reference",
            Self::List(_) => "a list",
            Self::Map(_) => "an array with keys",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Str(text.as_bytes().to_vec())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Str(text.into_bytes())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<SecretRef> for Value {
    fn from(secret: SecretRef) -> Self {
        Self::Secret(secret)
    }
}
