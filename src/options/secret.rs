//! Secrets by reference.

/// Where a secret is kept. Debug never shows a literal.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretRef {
    reference: String,
}

impl SecretRef {
    /// A reference such as `env:NAME`.
    pub fn new(reference: impl Into<String>) -> Self {
        Self { reference: reference.into() }
    }

    /// The reference, which is not secret.
    pub fn reference(&self) -> &str {
        &self.reference
    }
}

impl std::fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SecretRef({})", self.reference)
    }
}
