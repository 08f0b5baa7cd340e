//! Why a store could not do it, by what the caller can do about it.
//!
//! Two of the kinds are no fault of a store: [`StoreErrorKind::LostRace`] and
//! [`StoreErrorKind::Foreign`] are how work inside [`Store::atomically`](super::Store::atomically)
//! says that the transaction must be rolled back, and why.

use std::any::Any;
use std::fmt;

/// What can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Somebody else holds it too long: try again.
    Busy,
    /// No room left: nothing was stored, make room.
    Full,
    /// It cannot be reached, opened or written.
    Unavailable,
    /// What is stored cannot be understood.
    Corrupt,
    /// It was used wrongly: a defect of the caller.
    Misuse,
    /// Another writer was first: roll back, read again.
    LostRace,
    /// Code that is not ours failed inside: see [`StoreError::into_callback`].
    Foreign,
}

impl StoreErrorKind {
    /// The word that PHP sees as the reason.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Busy | Self::LostRace => "busy",
            Self::Full => "full",
            // An application's own store failed: what it threw says why.
            Self::Unavailable | Self::Foreign => "unavailable",
            Self::Corrupt => "corrupt",
            Self::Misuse => "misuse",
        }
    }
}

/// A failed operation on a store. Whatever it wanted to write was not written.
#[derive(Debug)]
pub struct StoreError {
    /// What can be done about it.
    pub kind: StoreErrorKind,
    /// What happened, for a log; names the file or the statement, never a payload.
    pub message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
    callback: Option<CallbackError>,
}

impl StoreError {
    /// An error without a cause below it.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            source: None,
            callback: None,
        }
    }

    /// The same with the cause below it.
    #[must_use]
    pub fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Another writer was first.
    pub fn lost_race() -> Self {
        Self::new(
            StoreErrorKind::LostRace,
            "the record was replaced by another writer",
        )
    }

    /// The foreign error inside, where there is one; else this error again.
    ///
    /// # Errors
    /// The error itself when no foreign error is inside.
    pub fn into_callback(mut self) -> Result<CallbackError, Self> {
        self.callback.take().ok_or(self)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source
            .as_deref()
            .map(|source| source as &(dyn std::error::Error + 'static))
    }
}

impl From<CallbackError> for StoreError {
    fn from(error: CallbackError) -> Self {
        Self {
            kind: StoreErrorKind::Foreign,
            message: error.message.clone(),
            source: None,
            callback: Some(error),
        }
    }
}

/// Code that is not ours failed: a handler, an effect, an invalidation, a store written in PHP.
///
/// Carries whatever the binding needs to throw it on (the pending PHP exception), which the core
/// never looks at.
pub struct CallbackError {
    /// What happened, for a log and the dead letters.
    pub message: String,
    payload: Option<Box<dyn Any>>,
}

impl CallbackError {
    /// A failure that is only a message.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            payload: None,
        }
    }

    /// The same, with what the binding wants back.
    pub fn with_payload(message: impl Into<String>, payload: Box<dyn Any>) -> Self {
        Self {
            message: message.into(),
            payload: Some(payload),
        }
    }

    /// Whether the binding put something in.
    pub fn has_payload(&self) -> bool {
        self.payload.is_some()
    }

    /// What the binding put in.
    pub fn into_payload(self) -> Option<Box<dyn Any>> {
        self.payload
    }
}

impl fmt::Debug for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The payload may be an engine's object, which must not be formatted.
        f.debug_struct("CallbackError")
            .field("message", &self.message)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for CallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CallbackError {}
