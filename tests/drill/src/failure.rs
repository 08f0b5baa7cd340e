//! What went wrong in the drill itself, as one sentence for the person at the terminal.
//!
//! A proof that fails is not a `Failure`: it is a row of the table with `ok: false`. A `Failure`
//! means that the drill could not measure (a process did not start, a port did not answer), and
//! ends the mode with that sentence.

use std::fmt;

/// The result of everything that the drill does.
pub type Outcome<T> = Result<T, Failure>;

/// A sentence that says what could not be done, with its causes behind it.
pub struct Failure(String);

impl Failure {
    /// A failure of the drill's own.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self(text)
    }
}

/// Says what was being done when something failed.
pub trait Doing<T> {
    /// `Err("…")` becomes `Err("<what>: …")`.
    fn doing(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<Failure>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|error| Failure(format!("{what}: {}", error.into())))
    }
}
