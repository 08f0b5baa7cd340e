//! `Causeway\Webhook\Delivery`: a verified delivery.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::convert::IntoZval;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendClassObject, ZendHashTable, Zval};

use super::event::PhpEvent;
use super::reply::PhpReply;
use super::value;
use crate::signature::Verified;

/// A verified delivery.
#[php_class]
#[php(name = "Causeway\\Webhook\\Delivery", flags = ClassFlags::Final)]
pub struct PhpDelivery {
    verified: Verified,
}

impl PhpDelivery {
    pub(super) fn new(verified: Verified) -> Self {
        Self { verified }
    }
}

#[php_impl]
impl PhpDelivery {
    /// What it brings; for some vendors several, for a mere handshake none.
    ///
    /// @return list<\Causeway\Webhook\Event>
    #[php(name = "events")]
    pub fn events(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let events =
            self.verified.events.iter().map(|event| {
                Ok(ZendClassObject::new(PhpEvent::new(event.clone())).into_zval(false)?)
            });
        value::list(events.collect::<PhpResult<Vec<Zval>>>()?)
    }

    /// The scheme's name.
    #[php(name = "scheme")]
    pub fn scheme(&self) -> &'static str {
        self.verified.scheme
    }

    /// What the sender wants as an answer: send it as it is. NULL where any 2xx does.
    #[php(name = "reply")]
    pub fn reply(&self) -> Option<PhpReply> {
        self.verified.reply.clone().map(PhpReply::new)
    }

    /// Which of the configured secrets matched, from 0.
    #[php(name = "secretIndex")]
    pub fn secret_index(&self) -> i64 {
        i64::try_from(self.verified.secret_index).unwrap_or(i64::MAX)
    }
}
