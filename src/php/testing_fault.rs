//! `Causeway\Testing\Fault`: what a fake vendor can do wrong.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendClassObject, ZendHashTable};

use crate::testing::Fault;

/// What a fake vendor can do wrong, by the phase in which it does; the phase decides what a caller
/// learns about whether its request was sent.
///
/// Before a request leaves (sent is 'no', ConnectException): refused, dns, tls, connectTimeout.
/// Before the head of an answer ('maybe'): closed, reset (NetworkException), hang
/// (TimeoutException); with bytes that are no head ('yes'): garbled (NetworkException), endlessHead
/// (LimitException). In the body ('yes'): halfBody, resetInBody (NetworkException), stalledBody
/// (TimeoutException), endlessBody (LimitException).
#[php_class]
#[php(name = "Causeway\\Testing\\Fault", flags = ClassFlags::Final)]
pub struct PhpFault {
    fault: Fault,
}

impl PhpFault {
    pub(super) fn fault(&self) -> Fault {
        self.fault
    }
}

impl From<Fault> for PhpFault {
    fn from(fault: Fault) -> Self {
        Self { fault }
    }
}

#[php_impl]
impl PhpFault {
    /// The port refuses connections.
    #[php(name = "refused")]
    pub fn refused() -> Self {
        Fault::Refused.into()
    }

    /// The name does not resolve.
    #[php(name = "dns")]
    pub fn dns() -> Self {
        Fault::Dns.into()
    }

    /// The TLS handshake fails.
    #[php(name = "tls")]
    pub fn tls() -> Self {
        Fault::Tls.into()
    }

    /// Nobody answers the attempt to connect: takes timeouts.connect_ms.
    #[php(name = "connectTimeout")]
    pub fn connect_timeout() -> Self {
        Fault::ConnectTimeout.into()
    }

    /// The connection ends without a byte of an answer.
    #[php(name = "closed")]
    pub fn closed() -> Self {
        Fault::Closed.into()
    }

    /// The connection is reset without a byte of an answer.
    #[php(name = "reset")]
    pub fn reset() -> Self {
        Fault::Reset.into()
    }

    /// The request is never answered: takes timeouts.attempt_ms.
    #[php(name = "hang")]
    pub fn hang() -> Self {
        Fault::Hang.into()
    }

    /// What comes is no HTTP.
    #[php(name = "garbled")]
    pub fn garbled() -> Self {
        Fault::Garbled.into()
    }

    /// The head of the answer does not end.
    #[php(name = "endlessHead")]
    pub fn endless_head() -> Self {
        Fault::EndlessHead.into()
    }

    /// The body ends before its length.
    #[php(name = "halfBody")]
    pub fn half_body() -> Self {
        Fault::HalfBody.into()
    }

    /// The connection is reset in the body.
    #[php(name = "resetInBody")]
    pub fn reset_in_body() -> Self {
        Fault::ResetInBody.into()
    }

    /// The body stops coming: takes the rest of timeouts.attempt_ms.
    #[php(name = "stalledBody")]
    pub fn stalled_body() -> Self {
        Fault::StalledBody.into()
    }

    /// The body does not end: stopped at body_cap_bytes.
    #[php(name = "endlessBody")]
    pub fn endless_body() -> Self {
        Fault::EndlessBody.into()
    }

    /// Every fault there is, by name: for a test that goes through all.
    ///
    /// @return array<string, \Causeway\Testing\Fault>
    #[php(name = "all")]
    pub fn all() -> PhpResult<ZBox<ZendHashTable>> {
        let mut all = ZendHashTable::new();
        for fault in Fault::ALL {
            let object = ZendClassObject::new(Self::from(fault)).into_zval(false)?;
            all.insert(fault.name(), object)?;
        }
        Ok(all)
    }

    /// Its name: 'half_body'.
    #[php(name = "name")]
    pub fn name(&self) -> &'static str {
        self.fault.name()
    }
}
