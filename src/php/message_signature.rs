//! `Causeway\Http\MessageSignature`: a signature that holds.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::value;
use crate::signature::message_signature::MessageSignature;

/// A signature that holds, and what it covers: look at nothing else of the message.
#[php_class]
#[php(name = "Causeway\\Http\\MessageSignature", flags = ClassFlags::Final)]
pub struct PhpMessageSignature {
    signature: MessageSignature,
}

impl PhpMessageSignature {
    pub(super) fn new(signature: MessageSignature) -> Self {
        Self { signature }
    }
}

#[php_impl]
impl PhpMessageSignature {
    /// Its label in Signature-Input.
    #[php(name = "label")]
    pub fn label(&self) -> String {
        self.signature.label.clone()
    }

    /// The key that the message names.
    #[php(name = "keyid")]
    pub fn keyid(&self) -> Option<String> {
        self.signature.keyid.clone()
    }

    /// Which of the configured keys it is under, from 0.
    #[php(name = "keyIndex")]
    pub fn key_index(&self) -> i64 {
        i64::try_from(self.signature.key_index).unwrap_or(i64::MAX)
    }

    /// The name of its algorithm.
    #[php(name = "algorithm")]
    pub fn algorithm(&self) -> &'static str {
        self.signature.algorithm
    }

    /// The identifiers of the covered components: '"@method"', '"content-digest"'.
    ///
    /// @return list<string>
    #[php(name = "components")]
    pub fn components(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let components = self.signature.components.iter();
        value::list(components.map(|id| value::bytes(id.as_bytes())))
    }

    /// When it was made, Unix milliseconds.
    #[php(name = "createdMs")]
    pub fn created_ms(&self) -> Option<i64> {
        self.signature.created_s.map(|s| s.saturating_mul(1000))
    }

    /// What makes it unique, where the sender gives it.
    #[php(name = "nonce")]
    pub fn nonce(&self) -> Option<String> {
        self.signature.nonce.clone()
    }

    /// What it is for, where the sender says it.
    #[php(name = "tag")]
    pub fn tag(&self) -> Option<String> {
        self.signature.tag.clone()
    }
}
