//! `Causeway\Secret`: a secret by reference, and the resolvers of other prefixes.

use std::rc::Rc;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendClassObject, ZendObject, Zval};

use super::{throw, value};
use crate::options::secret::{is_reference, register_resolver};
use crate::options::{OptionError, SecretRef};

/// A secret by reference: read when it is needed, never shown.
#[php_class]
#[php(name = "Causeway\\Secret", flags = ClassFlags::Final)]
pub struct PhpSecret {
    reference: SecretRef,
}

impl PhpSecret {
    /// The reference that an object stands for, when it is a `Causeway\Secret`.
    pub(super) fn reference_of(object: &ZendObject) -> Option<SecretRef> {
        ZendClassObject::<Self>::from_zend_obj(object).map(|secret| secret.reference.clone())
    }
}

#[php_impl]
impl PhpSecret {
    /// Refers to a secret.
    ///
    /// @param string $reference
    ///   'env:NAME', 'file:/path', or a prefix with a registered resolver: 'key:id'.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When the text is no reference.
    #[php(name = "ref")]
    pub fn refer(reference: &str) -> PhpResult<Self> {
        if is_reference(reference) {
            return Ok(Self {
                reference: SecretRef::new(reference),
            });
        }
        let error = OptionError::new(
            "reference",
            "something else",
            "'env:NAME', 'file:/path' or 'prefix:id'",
        );
        Err(throw::options("Secret", &error))
    }

    /// Registers who answers references with this prefix, until the end of the request. It is
    /// called outside any call to a vendor; its answers are kept for at most 60 s.
    ///
    /// @param callable(string): ?string $resolver
    ///   Gets what stands after the colon; NULL means that there is no such secret.
    #[php(name = "resolver")]
    pub fn resolver(prefix: &str, resolver: &Zval) -> PhpResult<()> {
        if !resolver.is_callable() {
            return Err(throw::options(
                "Secret",
                &OptionError::new("resolver", "no callable", "a callable"),
            ));
        }
        // Kept for this request alone: request shutdown drops it before PHP frees its objects.
        let resolver = resolver.shallow_clone();
        register_resolver(
            prefix,
            Rc::new(move |id| {
                let callable = ZendCallable::new(&resolver).map_err(|error| error.to_string())?;
                let answer = callable
                    .try_call(vec![&id])
                    .map_err(|error| throw::caught(&error).message)?;
                Ok(value::scalar_bytes(&answer))
            }),
        );
        Ok(())
    }
}
