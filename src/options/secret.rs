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
use std::time::Duration;

use crate::clock::{self, Monotonic};

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
    static KEPT: RefCell<HashMap<String, (Monotonic, SecretBytes)>> = RefCell::new(HashMap::new());
}

/// Answers of resolvers are kept for so long.
const KEEP: Duration = Duration::from_secs(60);
/// Largest file that is taken for a secret, bytes.
const FILE_CAP_BYTES: u64 = 64 * 1024;

/// Registers who answers `prefix:…` on this thread; replaces an earlier one, whose answers count no
/// more.
pub fn register_resolver(prefix: &str, resolver: Resolver) {
    KEPT.with_borrow_mut(|kept| kept.retain(|reference, _| !is_of(reference, prefix)));
    RESOLVERS.with_borrow_mut(|all| all.insert(prefix.to_owned(), resolver));
}

/// Drops every resolver of this thread, and what they answered: at the end of a PHP request.
pub fn clear_resolvers() {
    RESOLVERS.with_borrow_mut(HashMap::clear);
    KEPT.with_borrow_mut(HashMap::clear);
}

/// Drops a kept answer: the vendor refused the secret, so it may have been changed.
pub fn forget(secret: &SecretRef) {
    KEPT.with_borrow_mut(|kept| kept.remove(secret.reference()));
}

/// Drops a kept answer that is older than `age`, and says whether it was there: what was proved
/// under it did not hold, and it may have been changed since. The age bounds how often forgeries
/// can make a resolver be asked.
pub(crate) fn forget_older_than(secret: &SecretRef, age: Duration) -> bool {
    let now = clock::monotonic();
    KEPT.with_borrow_mut(|kept| {
        let is_old = |(since, _): &(Monotonic, SecretBytes)| now.since(*since) > age;
        let is_dropped = kept.get(secret.reference()).is_some_and(is_old);
        if is_dropped {
            kept.remove(secret.reference());
        }
        is_dropped
    })
}

fn is_of(reference: &str, prefix: &str) -> bool {
    reference
        .split_once(':')
        .is_some_and(|(of, _)| of == prefix)
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

    /// Whether reading it may call a resolver of the application now: such a secret is not read
    /// inside a future.
    pub fn needs_resolver(&self) -> bool {
        let is_kept = || kept(&self.reference, clock::monotonic()).is_some();
        let is_of_application = |(prefix, _): (&str, &str)| !matches!(prefix, "env" | "file");
        self.literal.is_none()
            && self
                .reference
                .split_once(':')
                .is_some_and(is_of_application)
            && !is_kept()
    }

    /// Reads the secret. Outside any future: a resolver may call PHP.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn resolve(&self) -> Result<SecretBytes, SecretError> {
        if let Some(literal) = &self.literal {
            return Ok(SecretBytes::new(literal.clone()));
        }
        let refuse = |reason: &str| SecretError {
            reference: self.reference.clone(),
            reason: reason.to_owned(),
        };
        let (prefix, rest) = self
            .reference
            .split_once(':')
            .ok_or_else(|| refuse("a reference looks like 'env:NAME', 'file:/path' or 'key:id'"))?;
        match prefix {
            "env" => from_environment(rest),
            "file" => from_file(rest),
            _ => from_resolver(&self.reference, prefix, rest),
        }
        .map_err(|reason| refuse(&reason))
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads secrets"
)]
fn from_environment(name: &str) -> Result<SecretBytes, String> {
    std::env::var(name)
        .ok()
        .filter(|value| !value.is_empty())
        .map_or_else(
            || {
                Err("the environment variable is not set or empty; php-fpm's clear_env empties the \
                 environment, so pass it with env[…] in the pool or use a file"
                .to_owned())
            },
            |value| Ok(SecretBytes::new(value.into_bytes())),
        )
}

fn from_file(path: &str) -> Result<SecretBytes, String> {
    use std::io::Read as _;
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(FILE_CAP_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_CAP_BYTES {
        return Err(format!("the file is larger than {FILE_CAP_BYTES} bytes"));
    }
    // Editors and `echo` end a file with a line break that is not part of the secret.
    while matches!(bytes.last(), Some(b'\n' | b'\r')) {
        bytes.pop();
    }
    if bytes.is_empty() {
        Err("the file is empty".to_owned())
    } else {
        Ok(SecretBytes::new(bytes))
    }
}

fn from_resolver(reference: &str, prefix: &str, rest: &str) -> Result<SecretBytes, String> {
    let now = clock::monotonic();
    if let Some(secret) = kept(reference, now) {
        return Ok(secret);
    }
    // Cloned out: the resolver may call PHP, which may register another one.
    let resolver = RESOLVERS.with_borrow(|all| all.get(prefix).cloned());
    let resolver = resolver.ok_or_else(|| format!("no resolver is registered for '{prefix}:'"))?;
    let secret = resolver(rest)?
        .filter(|bytes| !bytes.is_empty())
        .map(SecretBytes::new)
        .ok_or_else(|| "its resolver knows no such secret".to_owned())?;
    KEPT.with_borrow_mut(|kept| kept.insert(reference.to_owned(), (now, secret.clone())));
    Ok(secret)
}

fn kept(reference: &str, now: Monotonic) -> Option<SecretBytes> {
    KEPT.with_borrow(|kept| {
        kept.get(reference)
            .filter(|(since, _)| now.since(*since) < KEEP)
            .map(|(_, secret)| secret.clone())
    })
}

impl fmt::Debug for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretRef({})", self.reference)
    }
}

#[cfg(test)]
mod tests;
