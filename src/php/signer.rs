//! `Causeway\Webhook\Signer`: webhooks that are ours to send.

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::{headers, message_signer, throw, value, verifier};
use crate::clock;
use crate::options::SecretRef;
use crate::signature::{Headers, Message, Signer};

/// Signs webhooks that are ours to send, under each of its secrets: while one is rolled, the old
/// and the new signature stand side by side.
#[php_class]
#[php(name = "Causeway\\Webhook\\Signer", flags = ClassFlags::Final)]
pub struct PhpSigner {
    signer: Signer,
}

#[php_impl]
impl PhpSigner {
    /// Checks the options once.
    ///
    /// @param string $scheme
    ///   'standard-webhooks', 'github', 'stripe', 'hmac' or 'rfc9421'.
    /// @param array<string, mixed> $options
    ///   secrets (strings as a vendor would write them, or Causeway\Secret), secrets_hex,
    ///   secrets_b64; private_keys ('whsk_…', standard-webhooks). Of hmac: those of
    ///   Causeway\Webhook\Verifier, with separator for more than one signature. Of rfc9421: those of
    ///   Causeway\Http\MessageSigner. 'github' takes one secret: its header has room for one.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For an unknown scheme or option, and for a secret that is empty or does not decode.
    pub fn __construct(scheme: &str, options: &ZendHashTable) -> PhpResult<Self> {
        const OWNER: &str = "Signer";
        let options = value::options(OWNER, Some(options))?;
        let signer =
            Signer::new(scheme, &options).map_err(|error| throw::options(OWNER, &error))?;
        Ok(Self { signer })
    }

    /// The header fields that sign a delivery as of now.
    ///
    /// @param string $body
    ///   The raw body, as it will be sent.
    /// @param string|null $id
    ///   The event's id, where the scheme sends one; keep it for repeats. Made when left out. Of
    ///   rfc9421 the nonce, where its parameters have one.
    /// @param string $url
    ///   Where it goes, for schemes that sign it.
    /// @param array<string, mixed>|object|null $headers
    ///   The request's other fields, for rfc9421.
    ///
    /// @return array<string, string>
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When the id is not of the scheme's form, something that is signed is missing, or a secret
    ///   by reference cannot be read.
    #[php(name = "sign", defaults(method = "\"POST\"", url = "\"\""))]
    pub fn sign(
        &self,
        body: BinarySlice<u8>,
        id: Option<&str>,
        method: &str,
        url: &str,
        headers: Option<&Zval>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let headers = match headers.filter(|headers| !headers.is_null()) {
            Some(headers) => headers::of(headers)?,
            None => Headers::default(),
        };
        let message = Message {
            body: &body,
            headers: &headers,
            method,
            url,
        };
        let signed = self
            .signer
            .sign(&message, id, clock::unix(), &SecretRef::resolve);
        message_signer::fields(signed.map_err(|refusal| verifier::refused(&refusal))?)
    }

    /// The scheme's name.
    #[php(name = "scheme")]
    pub fn scheme(&self) -> &'static str {
        self.signer.scheme()
    }
}
