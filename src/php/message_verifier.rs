//! `Causeway\Http\MessageVerifier`: HTTP message signatures in.

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::message_signature::PhpMessageSignature;
use super::{http_message, throw, value, verifier};
use crate::clock;
use crate::options::SecretRef;
use crate::signature::message_signature::MessageVerifier;

/// Verifies signatures of requests and responses as RFC 9421 says.
#[php_class]
#[php(name = "Causeway\\Http\\MessageVerifier", flags = ClassFlags::Final)]
pub struct PhpMessageVerifier {
    verifier: MessageVerifier,
}

#[php_impl]
impl PhpMessageVerifier {
    /// Checks the options once.
    ///
    /// @param array<string, mixed> $options
    ///   keys: a list of 1 to 5, each with algorithm ('ed25519', 'ecdsa-p256-sha256',
    ///   'ecdsa-p384-sha384', 'rsa-pss-sha512', 'rsa-v1_5-sha256', 'hmac-sha256' or JOSE's 'PS256'),
    ///   public_key (PEM) or for HMAC secret or secret_b64, and keyid, which the message must name.
    ///   required: what must be covered. By default @method and the whole target, of a response
    ///   @status, and content-digest where there is content.
    ///   label, tag: looks at no other signature. tolerance_s: how far created may be from now,
    ///   both ways (300; FALSE for no window).
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For an unknown option, and for a key that is not of its algorithm.
    pub fn __construct(options: &ZendHashTable) -> PhpResult<Self> {
        const OWNER: &str = "MessageVerifier";
        let options = value::options(OWNER, Some(options))?;
        let verifier =
            MessageVerifier::new(&options).map_err(|error| throw::options(OWNER, &error))?;
        Ok(Self { verifier })
    }

    /// The first signature of the message that holds as of now. Where Content-Digest is covered,
    /// the body is what it says.
    ///
    /// @param array<string, mixed>|object $message
    ///   A PSR-7 message, or ['method' => …, 'url' => …, 'headers' => …, 'body' => …], or
    ///   ['status' => …, 'headers' => …, 'body' => …].
    /// @param array<string, mixed>|object|null $request
    ///   The request that a response answers, for components with req.
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When none holds; $reason says why.
    #[php(name = "verify")]
    pub fn verify(&self, message: &Zval, request: Option<&Zval>) -> PhpResult<PhpMessageSignature> {
        http_message::with(message, request, |message| {
            let verified = self
                .verifier
                .verify(message, clock::unix(), &SecretRef::resolve);
            let verified = verified.map_err(|refusal| verifier::refused(&refusal))?;
            Ok(PhpMessageSignature::new(verified))
        })
    }

    /// The signature base of a message that is signed: what the other side should have signed. It
    /// holds what the covered components hold, an Authorization field too.
    ///
    /// @param array<string, mixed>|object $message
    /// @param array<string, mixed>|object|null $request
    /// @param string|null $label
    ///   Which signature; the first when left out.
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When there is no such signature, or the message lacks a component.
    #[php(name = "base")]
    pub fn base(message: &Zval, request: Option<&Zval>, label: Option<&str>) -> PhpResult<Zval> {
        http_message::with(message, request, |message| {
            let base = MessageVerifier::base(message, label);
            let base = base.map_err(|refusal| verifier::refused(&refusal))?;
            Ok(value::bytes(&base))
        })
    }
}
