//! The reader that every room uses for its own options.
//!
//! Decides what counts as a wrong option: a missing one that is required, a wrong type, a number
//! out of range, and any key that nobody asked for. Each `take` names its key once; what was asked
//! for is the list of allowed keys that the error for an unknown one shows, so the two cannot
//! drift apart. `null` is the same as leaving the option out. An empty PHP array is an empty map.
//!
//! Use: take every option, then call [`Fields::finish`]. A `Fields` that is dropped without it
//! would let a misspelt option pass in silence.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::{OptionError, SecretRef, Source, Value};

/// The options of one section, being taken one after another.
#[derive(Debug)]
#[must_use = "finish() refuses unknown keys"]
pub struct Fields {
    path: String,
    source: Source,
    left: Vec<(String, Value)>,
    known: Vec<&'static str>,
}

impl Fields {
    /// Opens a map of options that come from code.
    ///
    /// # Errors
    /// When the value is no map.
    pub fn new(options: &Value) -> Result<Self, OptionError> {
        Self::open("", options.clone(), Source::Code)
    }

    /// Opens a map that stands at `path` (empty for the top) and came from `source`.
    ///
    /// # Errors
    /// When the value is no map.
    pub fn open(path: &str, options: Value, source: Source) -> Result<Self, OptionError> {
        let left = match options {
            Value::Map(entries) => entries,
            Value::Null => Vec::new(),
            Value::List(items) if items.is_empty() => Vec::new(),
            other @ (Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Str(_)
            | Value::Secret(_)
            | Value::List(_)) => {
                let field = if path.is_empty() { "options" } else { path };
                return Err(OptionError::new(field, other.kind(), "an array with keys"));
            }
        };
        Ok(Self {
            path: path.to_owned(),
            source,
            left,
            known: Vec::new(),
        })
    }

    /// Where the options came from.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The full name of a key: `retry.max_attempts`.
    pub fn name(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    /// Takes a value of any kind.
    pub fn value(&mut self, key: &'static str) -> Option<Value> {
        self.known.push(key);
        let position = self.left.iter().position(|(name, _)| name == key)?;
        Some(self.left.remove(position).1).filter(|value| *value != Value::Null)
    }

    /// Takes a whole number within a range.
    ///
    /// # Errors
    /// When it is of another type or out of range.
    pub fn int(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<i64>, OptionError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Int(number)) if range.contains(&number) => Ok(Some(number)),
            Some(other) => Err(self.refuse(
                key,
                &other,
                format!("an integer from {} to {}", range.start(), range.end()),
            )),
        }
    }

    /// Takes a whole number of milliseconds.
    ///
    /// # Errors
    /// As [`Fields::int`].
    pub fn millis(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<Duration>, OptionError> {
        Ok(self
            .int(key, range)?
            .map(|ms| Duration::from_millis(ms.unsigned_abs())))
    }

    /// Takes a whole number of seconds.
    ///
    /// # Errors
    /// As [`Fields::int`].
    pub fn seconds(
        &mut self,
        key: &'static str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<Duration>, OptionError> {
        Ok(self
            .int(key, range)?
            .map(|s| Duration::from_secs(s.unsigned_abs())))
    }

    /// Takes a number, whole or not, within a range.
    ///
    /// # Errors
    /// When it is of another type, out of range or not a number.
    #[expect(
        clippy::cast_precision_loss,
        reason = "ranges of options are far below 2^53"
    )]
    pub fn number(
        &mut self,
        key: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, OptionError> {
        let value = self.value(key);
        let number = match value {
            None => return Ok(None),
            Some(Value::Int(number)) => number as f64,
            Some(Value::Float(number)) => number,
            Some(_) => f64::NAN,
        };
        if range.contains(&number) {
            return Ok(Some(number));
        }
        let allowed = format!("a number from {} to {}", range.start(), range.end());
        Err(self.refuse(key, &value.unwrap_or(Value::Null), allowed))
    }

    /// Takes `true` or `false`.
    ///
    /// # Errors
    /// When it is of another type.
    pub fn flag(&mut self, key: &'static str) -> Result<Option<bool>, OptionError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(truth)),
            Some(other) => Err(self.refuse(key, &other, "true or false")),
        }
    }

    /// Takes a text of UTF-8 that is not empty.
    ///
    /// # Errors
    /// When it is of another type, empty or not UTF-8.
    pub fn text(&mut self, key: &'static str) -> Result<Option<String>, OptionError> {
        self.value(key)
            .map(|value| text_of(&self.name(key), value))
            .transpose()
    }

    /// Takes a text that must be one of a list.
    ///
    /// # Errors
    /// When it is none of them.
    pub fn one_of<T: Copy>(
        &mut self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, OptionError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let chosen = match &value {
            Value::Str(bytes) => choices.iter().find(|(name, _)| name.as_bytes() == bytes),
            Value::Null
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Secret(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        if let Some((_, choice)) = chosen {
            return Ok(Some(*choice));
        }
        let names: Vec<String> = choices
            .iter()
            .map(|(name, _)| format!("'{name}'"))
            .collect();
        Err(self.refuse(key, &value, format!("one of {}", names.join(", "))))
    }

    /// Takes a list of texts.
    ///
    /// # Errors
    /// When it is no list, or an item is no text.
    pub fn texts(&mut self, key: &'static str) -> Result<Option<Vec<String>>, OptionError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::List(items)) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| text_of(&format!("{}.{index}", self.name(key)), item))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(other) => Err(self.refuse(key, &other, "a list of strings")),
        }
    }

    /// Takes a secret: a literal text (from code only) or a reference.
    ///
    /// # Errors
    /// When it is neither, or a literal stands in a file. The value is never shown.
    pub fn secret(&mut self, key: &'static str) -> Result<Option<SecretRef>, OptionError> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        secret_of(&self.name(key), value, self.source).map(Some)
    }

    /// Takes a list of secrets.
    ///
    /// # Errors
    /// As [`Fields::secret`], or when it is no list.
    pub fn secrets(&mut self, key: &'static str) -> Result<Option<Vec<SecretRef>>, OptionError> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::List(items)) => items
                .into_iter()
                .enumerate()
                .map(|(at, item)| secret_of(&format!("{}.{at}", self.name(key)), item, self.source))
                .collect::<Result<_, _>>()
                .map(Some),
            Some(other) => Err(OptionError::new(
                self.name(key),
                other.kind(),
                "a list of secrets",
            )),
        }
    }

    /// Takes a section with options of its own.
    ///
    /// # Errors
    /// When it is no map.
    pub fn section(&mut self, key: &'static str) -> Result<Option<Self>, OptionError> {
        let name = self.name(key);
        self.value(key)
            .map(|value| Self::open(&name, value, self.source))
            .transpose()
    }

    /// Makes an option required: turns "left out" into an error.
    ///
    /// # Errors
    /// When it was left out.
    pub fn required<T>(
        &self,
        key: &'static str,
        taken: Option<T>,
        allowed: &str,
    ) -> Result<T, OptionError> {
        taken.ok_or_else(|| OptionError::new(self.name(key), "nothing", allowed))
    }

    /// An error for a value of this section.
    pub fn refuse(&self, key: &str, got: &Value, allowed: impl Into<String>) -> OptionError {
        OptionError::new(self.name(key), got.described(), allowed)
    }

    /// Refuses every key that was not asked for.
    ///
    /// # Errors
    /// For the first such key; lists the allowed ones.
    pub fn finish(mut self) -> Result<(), OptionError> {
        let Some((key, _)) = self.left.first() else {
            return Ok(());
        };
        let field = self.name(key);
        self.known.sort_unstable();
        self.known.dedup();
        let allowed = format!("one of the known options ({})", self.known.join(", "));
        Err(OptionError::new(field, "an unknown option", allowed))
    }
}

/// A text of UTF-8 that is not empty.
pub(crate) fn text_of(field: &str, value: Value) -> Result<String, OptionError> {
    const ALLOWED: &str = "a string that is not empty";
    let described = value.described();
    if let Value::Str(bytes) = value
        && !bytes.is_empty()
    {
        return String::from_utf8(bytes)
            .map_err(|_| OptionError::new(field, "bytes that are not UTF-8", ALLOWED));
    }
    Err(OptionError::new(field, described, ALLOWED))
}

/// A secret, never shown.
pub(crate) fn secret_of(
    field: &str,
    value: Value,
    source: Source,
) -> Result<SecretRef, OptionError> {
    match (value, source) {
        (Value::Secret(secret), Source::Code) => Ok(secret),
        (Value::Secret(secret), Source::File) if !secret.is_literal() => Ok(secret),
        (Value::Str(bytes), Source::Code) if !bytes.is_empty() => Ok(SecretRef::literal(bytes)),
        (Value::Str(bytes), Source::File) => std::str::from_utf8(&bytes)
            .ok()
            .filter(|text| super::secret::is_reference(text))
            .map(SecretRef::new)
            .ok_or_else(|| {
                OptionError::new(
                    field,
                    "a literal",
                    "a secret reference such as 'env:NAME', 'file:/path' or 'key:id'",
                )
            }),
        (other, _) => Err(OptionError::new(
            field,
            other.kind(),
            "a secret: a string that is not empty, or a reference such as 'env:NAME'",
        )),
    }
}
