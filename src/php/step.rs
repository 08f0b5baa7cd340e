//! A step of ours that a PHP store runs inside its transaction: an object that PHP can call once.
//!
//! `Store::atomically()` of an application takes a callable. What we hand it borrows from our
//! stack, so the object forgets it as soon as the store's method has returned: a store that kept
//! the callable gets an exception later, never a dangling pointer.

#![expect(
    unsafe_code,
    reason = "a borrow is hidden from PHP's object for the time of one call"
)]

use std::cell::Cell;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendClassObject, Zval};

use super::throw;
use crate::store::StoreError;

type Work<'a> = dyn FnMut() -> Result<(), StoreError> + 'a;

/// A step that runs inside a store's transaction. Internal: only stores meet it, as a callable.
#[php_class]
#[php(name = "Causeway\\Internal\\Step", flags = ClassFlags::Final)]
pub struct PhpStep {
    work: Cell<Option<*mut Work<'static>>>,
    failure: Cell<Option<StoreError>>,
}

#[php_impl]
impl PhpStep {
    /// Runs the step; once.
    #[php(name = "__invoke")]
    pub fn invoke(&self) -> PhpResult<()> {
        let Some(work) = self.work.take() else {
            return Err(throw::store_misuse(
                "atomically() must call its work once, before it returns",
            ));
        };
        // SAFETY: set by `run` for the time of its call alone, and taken: nobody else has it.
        let work = unsafe { &mut *work };
        work().map_err(|failure| {
            let message = failure.to_string();
            self.failure.set(Some(failure));
            throw::store_misuse(&message)
        })
    }
}

/// Hands `work` to `call` as a PHP callable; the step's own failure wins over what PHP made of it.
pub(super) fn run(
    work: &mut Work<'_>,
    call: impl FnOnce(&Zval) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    // SAFETY: only the lifetime changes; the pointer is taken back below before `work` ends.
    let hidden = unsafe { std::mem::transmute::<*mut Work<'_>, *mut Work<'static>>(work) };
    let mut step = ZendClassObject::new(PhpStep {
        work: Cell::new(Some(hidden)),
        failure: Cell::new(None),
    });
    let mut callable = Zval::new();
    callable.set_object(step.get_mut_zend_obj());
    let called = call(&callable);
    let was_run = step.work.take().is_none();
    match (step.failure.take(), called) {
        (Some(failure), _) | (None, Err(failure)) => Err(failure),
        (None, Ok(())) if was_run => Ok(()),
        (None, Ok(())) => Err(StoreError::new(
            crate::store::StoreErrorKind::Misuse,
            "the store's atomically() returned without calling its work",
        )),
    }
}
