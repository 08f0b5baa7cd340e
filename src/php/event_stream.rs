//! `Causeway\EventStream`: a body's events as PHP iterates over them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;

use super::body_state::BodyState;
use super::exception_classes::ExceptionClass;
use super::server_sent_event::PhpServerSentEvent;
use super::throw;
use crate::http::sse::{Event, EventStream, EventTooLarge};

/// The server-sent events of a body as they come. Runs once; an event that the stream's end cuts
/// off is dropped, as the standard says.
#[php_class]
#[php(name = "Causeway\\EventStream", flags = ClassFlags::Final)]
#[php(implements(ce = ext_php_rs::zend::ce::iterator, stub = "\\Iterator"))]
pub struct PhpEventStream {
    state: Rc<BodyState>,
    stream: RefCell<EventStream>,
    /// Thrown when the events before it were handed out.
    failure: Cell<Option<EventTooLarge>>,
    current: RefCell<Option<Event>>,
    number: Cell<i64>,
    is_begun: Cell<bool>,
}

impl PhpEventStream {
    pub(super) fn new(state: Rc<BodyState>, cap_bytes: usize) -> Self {
        Self {
            state,
            stream: RefCell::new(EventStream::new(cap_bytes)),
            failure: Cell::new(None),
            current: RefCell::new(None),
            number: Cell::new(0),
            is_begun: Cell::new(false),
        }
    }

    fn advance(&self) -> PhpResult<()> {
        *self.current.borrow_mut() = None;
        loop {
            let ready = self.stream.borrow_mut().next_event();
            if ready.is_some() {
                *self.current.borrow_mut() = ready;
                return Ok(());
            }
            if let Some(failure) = self.failure.get() {
                return Err(throw::exception(
                    ExceptionClass::Limit,
                    &failure.to_string(),
                    [],
                ));
            }
            let Some(piece) = self.state.piece()? else {
                return Ok(());
            };
            let pushed = self.stream.borrow_mut().push(&piece);
            self.failure.set(pushed.err());
        }
    }
}

#[php_impl]
impl PhpEventStream {
    /// The event.
    #[php(name = "current")]
    pub fn current(&self) -> Option<PhpServerSentEvent> {
        let event = self.current.borrow().clone()?;
        Some(PhpServerSentEvent::new(event))
    }

    /// Its number, from 0.
    #[php(name = "key")]
    pub fn key(&self) -> i64 {
        self.number.get()
    }

    /// Waits for the next event.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "next")]
    pub fn next(&self) -> PhpResult<()> {
        self.number.set(self.number.get().saturating_add(1));
        self.advance()
    }

    /// Waits for the first event; later it does nothing.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "rewind")]
    pub fn rewind(&self) -> PhpResult<()> {
        if self.is_begun.replace(true) {
            return Ok(());
        }
        self.advance()
    }

    /// Whether there is an event.
    #[php(name = "valid")]
    pub fn valid(&self) -> bool {
        self.current.borrow().is_some()
    }
}
