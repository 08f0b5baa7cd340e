//! Secrets by reference: where one is kept, and how it is read when it is needed.
//!
//! A literal comes from code only. `env:NAME` and `file:/path` are read here; any other prefix
//! (`key:id`) goes to a resolver that the application registered on this thread. Answers of such
//! resolvers are kept for at most 60 s, and dropped by [`forget`] when a vendor refused the secret.
//! All state is thread-local; losing it costs one more read. No value reaches `Debug` or an error.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::rc::Rc;

/// Where a secret is kept. Debug never shows a literal.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SecretRef {
    reference: String,
    literal: Option<Vec<u8>>,
}

/// Why a secret could not be read. Shows the reference, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("secret '{reference}' cannot be read: {reason}")]
pub struct SecretError {
    /// The reference.
    pub reference: String,
    /// What went wrong, and what to look at.
    pub reason: String,
}

/// A secret's bytes; not shown by Debug, overwritten when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.fill(0);
        // The compiler must not see that nobody reads the zeroes.
        std::hint::black_box(&self.0);
    }
}

/// Answers references of one prefix: gets what stands after the colon.
pub type Resolver = Rc<dyn Fn(&str) -> Result<Option<Vec<u8>>, String>>;

thread_local! {
    static RESOLVERS: RefCell<HashMap<String, Resolver>> = RefCell::new(HashMap::new());
}

/// Registers who answers `prefix:…` on this thread; replaces an earlier one.
pub fn register_resolver(prefix: &str, resolver: Resolver) {
    RESOLVERS.with_borrow_mut(|all| all.insert(prefix.to_owned(), resolver));
}

/// Drops every resolver of this thread, and what they answered: at the end of a PHP request.
pub fn clear_resolvers() {
    RESOLVERS.with_borrow_mut(HashMap::clear);
}

/// Whether a text has the form of a reference: a short lower-case prefix, a colon, and something.
pub(crate) fn is_reference(text: &str) -> bool {
    text.split_once(':').is_some_and(|(prefix, rest)| {
        !rest.is_empty()
            && !prefix.is_empty()
            && prefix.len() <= 20
            && prefix.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && !rest.starts_with("//")
    })
}

impl SecretRef {
    /// A reference such as `env:NAME`.
    pub fn new(reference: impl Into<String>) -> Self {
        Self {
            reference: reference.into(),
            literal: None,
        }
    }

    /// A literal secret: the bytes themselves.
    pub fn literal(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            reference: "literal".to_owned(),
            literal: Some(bytes.into()),
        }
    }

    /// The reference, which is not secret; `literal` for a literal.
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// Whether the secret stands in the options themselves.
    pub fn is_literal(&self) -> bool {
        self.literal.is_some()
    }

    /// Reads the secret. Outside any future: a resolver may call PHP.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn resolve(&self) -> Result<SecretBytes, SecretError> {
        if let Some(literal) = &self.literal {
            return Ok(SecretBytes::new(literal.clone()));
        }
        Err(SecretError {
            reference: self.reference.clone(),
            reason: "not built yet".to_owned(),
        })
    }
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({})", self.reference)
    }
}
