//! `Causeway\Webhook\Verifier`: deliveries of one scheme.

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::arguments::BytesArgument;
use super::delivery::PhpDelivery;
use super::exception_classes::ExceptionClass;
use super::{callbacks, headers, throw, value};
use crate::clock;
use crate::options::SecretRef;
use crate::signature::{Message, Refusal, Verifier};

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

/// What the program's callable gives for a URL; what it throws is only a reason here.
fn fetched(callable: Option<&ZendCallable<'_>>, url: &str) -> Result<Vec<u8>, String> {
    let callable = callable.ok_or("verify() was given no $fetch")?;
    let value = callbacks::call(callable, vec![&url]).map_err(|_| "$fetch failed")?;
    value::scalar_bytes(&value).ok_or_else(|| "$fetch returned no string".to_owned())
}

#[php_impl]
impl PhpVerifier {
    /// Checks the options once.
    ///
    /// @param string $scheme
    ///   'standard-webhooks', 'svix', 'github', 'stripe', 'slack', 'shopify', 'twilio',
    ///   'twitch-eventsub', 'mailgun', 'sendgrid', 'hubspot', 'square', 'paddle', 'zoom', 'discord',
    ///   'adyen', 'mollie', 'intercom', 'linear', 'calendly', 'salesforce-mc-ens', 'aws-sns',
    ///   'paypal', 'rfc9421', or 'hmac' for any other HMAC.
    /// @param array<string, mixed> $options
    ///   secrets (strings as the vendor wrote them, or Causeway\Secret), secrets_hex, secrets_b64;
    ///   public_keys, public_key_hex, public_key_der_b64 where the vendor signs with a private key;
    ///   tolerance_s (the scheme's own where it signs a time, FALSE for no window). Of single
    ///   schemes: version (hubspot: 'v1', 'v2', 'v3'), mode ('payment-item', 'platform') and
    ///   merchant_account (adyen), notification_url (square), topic_arns and version (aws-sns: '1',
    ///   '2'), webhook_id and mode (paypal: 'live', 'sandbox'), ca_file (aws-sns and paypal: the only
    ///   roots of their certificates); template, header, prefix, separator, encoding ('hex',
    ///   'base64'), algorithm ('sha256', 'sha512', 'sha1'), timestamp_header and id_header (hmac);
    ///   those of Causeway\Http\MessageVerifier and id_header (rfc9421).
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
    /// @param array<string, mixed>|object $headers
    ///   In any shape that PHP has them: 'Name' => 'value', 'name' => ['value'], $_SERVER, a PSR-7
    ///   message, or a bag with all() such as Symfony's.
    /// @param string $url
    ///   The full URL that the sender called, for schemes that sign it: HubSpot v2 and v3, Twilio,
    ///   Square without notification_url.
    /// @param callable(string): string|null $fetch
    ///   Gets the certificate at a URL whose host the scheme has pinned, over TLS, for aws-sns and
    ///   paypal.
    ///
    /// @throws \Causeway\Exception\SignatureException
    ///   When it is refused; $reason says why.
    #[php(name = "verify", defaults(method = "\"POST\"", url = "\"\""))]
    pub fn verify(
        &self,
        body: BytesArgument<'_>,
        headers: &Zval,
        method: &str,
        url: &str,
        fetch: Option<ZendCallable<'_>>,
    ) -> PhpResult<PhpDelivery> {
        let headers = headers::of(headers)?;
        let message = Message {
            body: body.bytes(),
            headers: &headers,
            method,
            url,
        };
        let fetch = |url: &str| fetched(fetch.as_ref(), url);
        let verified = self
            .verifier
            .verify_sharing(
                &message,
                Some(&body.payload()),
                clock::unix(),
                &SecretRef::resolve,
                &fetch,
            )
            .map_err(|refusal| refused(&refusal))?;
        Ok(PhpDelivery::new(verified))
    }

    /// The scheme's name.
    #[php(name = "scheme")]
    pub fn scheme(&self) -> &'static str {
        self.verifier.scheme()
    }
}
