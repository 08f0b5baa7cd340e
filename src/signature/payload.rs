//! The bytes of an event, shared with whoever has them already.
//!
//! A verified body is kept by its events. Where the caller's own bytes live as long as somebody
//! counts on them (a string of PHP), the events take a share in them in place of a copy.

use std::ops::Deref;
use std::rc::Rc;

/// Bytes that never change; a clone is another share in them.
#[derive(Clone)]
pub struct Payload(Rc<dyn AsRef<[u8]>>);

impl Payload {
    /// A share in what `owner` holds, which must be the same bytes at every look.
    pub fn shared(owner: impl AsRef<[u8]> + 'static) -> Self {
        Self(Rc::new(owner))
    }
}

impl<B: AsRef<[u8]> + ?Sized> From<&B> for Payload {
    fn from(bytes: &B) -> Self {
        Self(Rc::new(bytes.as_ref().to_vec()))
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Rc::new(bytes))
    }
}

impl Deref for Payload {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}
