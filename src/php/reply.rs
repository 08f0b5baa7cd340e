//! `Causeway\Webhook\Reply`: the answer that a sender waits for.

use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::value;
use crate::signature::Reply;

/// An answer that a sender waits for, such as the echo of a challenge.
#[php_class]
#[php(name = "Causeway\\Webhook\\Reply", flags = ClassFlags::Final)]
pub struct PhpReply {
    reply: Reply,
}

impl PhpReply {
    pub(super) fn new(reply: Reply) -> Self {
        Self { reply }
    }
}

#[php_impl]
impl PhpReply {
    /// The HTTP status.
    #[php(name = "status")]
    pub fn status(&self) -> i64 {
        i64::from(self.reply.status)
    }

    /// The body, as it is to be sent.
    ///
    /// @return string
    #[php(name = "body")]
    pub fn body(&self) -> Zval {
        value::bytes(&self.reply.body)
    }

    /// The value of the Content-Type field.
    #[php(name = "contentType")]
    pub fn content_type(&self) -> &'static str {
        self.reply.content_type
    }
}
