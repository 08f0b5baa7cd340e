//! `Causeway\Http\MessageSigner`: HTTP message signatures out.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::{http_message, throw, value, verifier};
use crate::clock;
use crate::options::SecretRef;
use crate::signature::SignedFields;
use crate::signature::message_signature::MessageSigner;

/// Signs requests and responses as RFC 9421 says.
#[php_class]
#[php(name = "Causeway\\Http\\MessageSigner", flags = ClassFlags::Final)]
pub struct PhpMessageSigner {
    signer: MessageSigner,
}

/// The fields as an array of names and values.
pub(super) fn fields(fields: SignedFields) -> PhpResult<ZBox<ZendHashTable>> {
    let mut array = ZendHashTable::new();
    for (name, text) in fields {
        array.insert(name.as_str(), value::bytes(text.as_bytes()))?;
    }
    Ok(array)
}

#[php_impl]
impl PhpMessageSigner {
    /// Checks the options once.
    ///
    /// @param array<string, mixed> $options
    ///   keys: a list of 1 to 5, which sign side by side, each with algorithm ('ed25519',
    ///   'ecdsa-p256-sha256', 'ecdsa-p384-sha384', 'rsa-pss-sha512', 'rsa-v1_5-sha256',
    ///   'hmac-sha256' or JOSE's 'PS256'), private_key (PEM; a string or Causeway\Secret) or for
    ///   HMAC secret or secret_b64, keyid, and label ('sig1', 'sig2', … by default).
    ///   components: what is covered, such as '@method', 'content-digest', 'date;req',
    ///   '"@query-param";name="q"'. By default @method, @target-uri and, where there is content,
    ///   content-digest; of a response @status and the digest.
    ///   parameters: 'created', 'expires', 'nonce', 'alg', 'keyid', 'tag' in the order in which
    ///   they are written. expires_s, tag.
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For an unknown option, and for a key that is not of its algorithm.
    pub fn __construct(options: &ZendHashTable) -> PhpResult<Self> {
        const OWNER: &str = "MessageSigner";
        let options = value::options(OWNER, Some(options))?;
        let signer = MessageSigner::new(&options).map_err(|error| throw::options(OWNER, &error))?;
        Ok(Self { signer })
    }

    /// The fields that sign a message as of now: Signature-Input, Signature and, where one is
    /// covered and not there, Content-Digest. Add them to the message.
    ///
    /// @param array<string, mixed>|object $message
    ///   A PSR-7 message, or ['method' => …, 'url' => …, 'headers' => …, 'body' => …], or
    ///   ['status' => …, 'headers' => …, 'body' => …].
    /// @param array<string, mixed>|object|null $request
    ///   The request that a response answers, for components with req.
    /// @param string|null $nonce
    ///   Used where parameters has 'nonce'; made at random when left out.
    ///
    /// @return array<string, string>
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When the message lacks what is covered, or a key by reference cannot be read.
    #[php(name = "sign")]
    pub fn sign(
        &self,
        message: &Zval,
        request: Option<&Zval>,
        nonce: Option<&str>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        http_message::with(message, request, |message| {
            let signed = self
                .signer
                .sign(message, clock::unix(), &SecretRef::resolve, nonce);
            fields(signed.map_err(|refusal| verifier::refused(&refusal))?)
        })
    }
}
