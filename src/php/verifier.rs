//! `Causeway\Webhook\Verifier`: deliveries of one scheme.

use ext_php_rs::binary_slice::BinarySlice;
use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::ZendHashTable;

use super::delivery::PhpDelivery;
use super::exception_classes::ExceptionClass;
use super::{throw, value};
use crate::clock;
use crate::signature::{Headers, Message, Refusal, Verifier};

/// Verifies deliveries of one scheme, strictly: raw bytes, the window both ways, several secrets,
/// comparison in constant time.
#[php_class]
#[php(name = "Causeway\\Webhook\\Verifier", flags = ClassFlags::Final)]
pub struct PhpVerifier {
    verifier: Verifier,
}

/// The exception of a refusal; its reason is a word that programs can read.
pub(super) fn refused(refusal: &Refusal) -> PhpException {
    let reason = value::bytes(refusal.reason().as_bytes());
    throw::exception(
        ExceptionClass::Signature,
        &refusal.to_string(),
        [("reason", reason)],
    )
}

#[php_impl]
impl PhpVerifier {
    /// Checks the options once.
    ///
    /// @param string $scheme
    ///   'standard-webhooks', 'github' or 'stripe'.
    /// @param array<string, mixed> $options
    ///   secrets (strings as the vendor wrote them, or Causeway\Secret), secrets_hex, secrets_b64,
    ///   tolerance_s (300 where the scheme signs a time, FALSE for no window).
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   For an unknown scheme or option, and for a secret that is empty or does not decode.
    pub fn __construct(scheme: &str, options: &ZendHashTable) -> PhpResult<Self> {
        let options = value::options("Verifier", Some(options))?;
        let verifier =
            Verifier::new(scheme, &options).map_err(|error| throw::options("Verifier", &error))?;
        Ok(Self { verifier })
    }

    /// Verifies a delivery as of now.
    ///
    /// @param string $body
    ///   The raw body, before anything parsed it.
    /// @param array<string, mixed> $headers
    ///   In any shape that PHP has them: 'Name' => 'value', 'name' => ['value'], or $_SERVER.
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When it is refused; $reason says why.
    #[php(name = "verify", defaults(method = "\"POST\"", url = "\"\""))]
    pub fn verify(
        &self,
        body: BinarySlice<u8>,
        headers: &ZendHashTable,
        method: &str,
        url: &str,
    ) -> PhpResult<PhpDelivery> {
        let headers = Headers::new(value::header_fields(headers));
        let message = Message {
            body: &body,
            headers: &headers,
            method,
            url,
        };
        let verified = self
            .verifier
            .verify(&message, clock::unix())
            .map_err(|refusal| refused(&refusal))?;
        Ok(PhpDelivery::new(verified))
    }

    /// The scheme's name.
    #[php(name = "scheme")]
    pub fn scheme(&self) -> &'static str {
        self.verifier.scheme()
    }
}
