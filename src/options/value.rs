//! What options look like before they are understood: a tree of plain values.
//!
//! The binding makes it from PHP arrays, tests from literals. Nothing here knows a rule; the
//! [reader](super::Fields) and the rooms' own `Options` types do.

use super::SecretRef;

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
