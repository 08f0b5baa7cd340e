//! The PHP side of one call with streamed contents: their pieces, and what PHP code threw while it
//! gave them.

use std::cell::RefCell;

use bytes::Bytes;
use ext_php_rs::exception::PhpException;

use super::host::PhpHost;
use super::source::Source;
use super::throw;
use crate::http::{CallError, Content, Host, Stop};
use crate::store::CallbackError;

/// A connection's host, with the contents of a call or of several.
pub(super) struct CallHost<'a> {
    base: &'a PhpHost,
    /// A source is taken out while it is read: PHP code may make other calls meanwhile.
    sources: RefCell<Vec<Option<Source>>>,
    thrown: RefCell<Vec<(usize, CallbackError)>>,
}

impl<'a> CallHost<'a> {
    pub(super) fn new(base: &'a PhpHost) -> Self {
        Self {
            base,
            sources: RefCell::default(),
            thrown: RefCell::default(),
        }
    }

    /// Takes a source in; its number, and what the request says of it.
    pub(super) fn add(&self, source: Source) -> (usize, Content) {
        let mut sources = self.sources.borrow_mut();
        let number = sources.len();
        let content = source.content(number);
        sources.push(Some(source));
        (number, content)
    }

    /// Lets a source go whose call has ended.
    pub(super) fn drop_source(&self, source: usize) {
        // Dropped behind the borrow: PHP's destructors may call us.
        let dropped = self
            .sources
            .borrow_mut()
            .get_mut(source)
            .and_then(Option::take);
        drop(dropped);
    }

    /// The exception for a failed call: what PHP code threw, or ours.
    pub(super) fn exception(&self, source: Option<usize>, error: CallError) -> PhpException {
        let mut thrown = self.thrown.borrow_mut();
        let at = thrown.iter().position(|(from, _)| Some(*from) == source);
        let own = at.map(|at| thrown.swap_remove(at).1);
        drop(thrown);
        match own {
            Some(own) => throw::callback(own),
            None => throw::call(error),
        }
    }

    fn with<T>(
        &self,
        number: usize,
        work: impl FnOnce(&mut Source) -> Result<T, CallbackError>,
    ) -> Result<T, String> {
        let slot = |source: Option<Source>| {
            let mut sources = self.sources.borrow_mut();
            sources
                .get_mut(number)
                .and_then(|slot| std::mem::replace(slot, source))
        };
        let Some(mut source) = slot(None) else {
            return Err("it is not there any more".to_owned());
        };
        let outcome = work(&mut source);
        slot(Some(source));
        outcome.map_err(|error| {
            let message = error.message.clone();
            if error.has_payload() {
                self.thrown.borrow_mut().push((number, error));
            }
            message
        })
    }
}

impl Host for CallHost<'_> {
    fn before_attempt(&self) -> Result<(), Stop> {
        self.base.before_attempt()
    }

    fn check(&self) -> Result<(), Stop> {
        self.base.check()
    }

    fn next_chunk(&self, source: usize) -> Result<Option<Bytes>, String> {
        self.with(source, Source::next_chunk)
    }

    fn rewind(&self, source: usize) -> Result<(), String> {
        self.with(source, Source::rewind)
    }
}
