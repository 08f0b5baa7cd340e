//! `Causeway\BodyChunks`: the pieces of a body as PHP iterates over them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use bytes::Bytes;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::Zval;

use super::body_state::BodyState;
use super::value;

/// The pieces of a body as they come. Runs once: it goes on where the body stands.
#[php_class]
#[php(name = "Causeway\\BodyChunks", flags = ClassFlags::Final)]
#[php(implements(ce = ext_php_rs::zend::ce::iterator, stub = "\\Iterator"))]
pub struct PhpBodyChunks {
    state: Rc<BodyState>,
    current: RefCell<Option<Bytes>>,
    number: Cell<i64>,
    is_begun: Cell<bool>,
}

impl PhpBodyChunks {
    pub(super) fn new(state: Rc<BodyState>) -> Self {
        Self {
            state,
            current: RefCell::new(None),
            number: Cell::new(0),
            is_begun: Cell::new(false),
        }
    }

    fn advance(&self) -> PhpResult<()> {
        let piece = self.state.piece()?;
        *self.current.borrow_mut() = piece;
        Ok(())
    }
}

#[php_impl]
impl PhpBodyChunks {
    /// The piece.
    #[php(name = "current")]
    pub fn current(&self) -> Zval {
        let current = self.current.borrow();
        current
            .as_ref()
            .map_or_else(Zval::null, |piece| value::bytes(piece))
    }

    /// Its number, from 0.
    #[php(name = "key")]
    pub fn key(&self) -> i64 {
        self.number.get()
    }

    /// Waits for the next piece.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "next")]
    pub fn next(&self) -> PhpResult<()> {
        self.number.set(self.number.get().saturating_add(1));
        self.advance()
    }

    /// Waits for the first piece; later it does nothing.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "rewind")]
    pub fn rewind(&self) -> PhpResult<()> {
        if self.is_begun.replace(true) {
            return Ok(());
        }
        self.advance()
    }

    /// Whether there is a piece.
    #[php(name = "valid")]
    pub fn valid(&self) -> bool {
        self.current.borrow().is_some()
    }
}
