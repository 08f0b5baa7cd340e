//! The PHP side of calls with streamed contents: the pieces of what is sent, where the pieces of
//! what comes go, and what PHP code threw meanwhile.

use std::cell::RefCell;

use bytes::Bytes;
use ext_php_rs::exception::PhpException;

use super::host::PhpHost;
use super::sink::{Pouring, Sink};
use super::source::Source;
use super::throw;
use crate::http::{CallError, Content, Host, Stop};
use crate::store::CallbackError;

/// What belongs to one call; taken out of its place while PHP code runs, which may make other
/// calls meanwhile.
#[derive(Default)]
struct Streams {
    source: Option<Source>,
    sink: Option<Pouring>,
    /// What PHP code threw.
    thrown: Option<CallbackError>,
}

/// A connection's host, with the streams of a call or of several, by number.
pub(super) struct CallHost<'a> {
    base: &'a PhpHost,
    calls: RefCell<Vec<Streams>>,
}

impl<'a> CallHost<'a> {
    pub(super) fn new(base: &'a PhpHost) -> Self {
        Self {
            base,
            calls: RefCell::default(),
        }
    }

    /// Takes a call's streams in; the call's number, which is also its streams', and what the
    /// request says of its content.
    pub(super) fn add(
        &self,
        source: Option<Source>,
        sink: Option<Sink>,
    ) -> (usize, Option<Content>) {
        let mut calls = self.calls.borrow_mut();
        let number = calls.len();
        let content = source.as_ref().map(|source| source.content(number));
        calls.push(Streams {
            source,
            sink: sink.map(Pouring::Waiting),
            thrown: None,
        });
        (number, content)
    }

    /// Ends a call's streams; the bytes that went into its sink, where it has one and ended well.
    pub(super) fn end(&self, number: usize, is_well: bool) -> Result<Option<u64>, CallbackError> {
        // Closed and dropped with nothing borrowed: PHP code may run.
        let streams = self.at(number, |streams| {
            (streams.source.take(), streams.sink.take())
        });
        match streams.and_then(|(_, sink)| sink) {
            Some(sink) if is_well => sink.close().map(Some),
            Some(sink) => {
                sink.discard();
                Ok(None)
            }
            None => Ok(None),
        }
    }

    /// Ends badly what was not ended.
    pub(super) fn discard_sinks(&self) {
        let calls = self.calls.borrow().len();
        for number in 0..calls {
            let sink = self.at(number, |streams| streams.sink.take());
            if let Some(sink) = sink.flatten() {
                sink.discard();
            }
        }
    }

    /// The exception for a failed call: what PHP code threw, or ours.
    pub(super) fn exception(&self, number: usize, error: CallError) -> PhpException {
        let thrown = self.at(number, |streams| streams.thrown.take());
        match thrown.flatten() {
            Some(thrown) => throw::callback(thrown),
            None => throw::call(error),
        }
    }

    fn at<T>(&self, number: usize, work: impl FnOnce(&mut Streams) -> T) -> Option<T> {
        self.calls.borrow_mut().get_mut(number).map(work)
    }

    /// Keeps what was thrown; its words for the call.
    fn keep(&self, number: usize, error: CallbackError) -> String {
        let message = error.message.clone();
        if error.has_payload() {
            self.at(number, |streams| streams.thrown = Some(error));
        }
        message
    }

    fn with_source<T>(
        &self,
        number: usize,
        work: impl FnOnce(&mut Source) -> Result<T, CallbackError>,
    ) -> Result<T, String> {
        let taken = self.at(number, |streams| streams.source.take());
        let mut source = taken.flatten().ok_or("it is not there any more")?;
        let outcome = work(&mut source);
        self.at(number, |streams| streams.source = Some(source));
        outcome.map_err(|error| self.keep(number, error))
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
        self.with_source(source, Source::next_chunk)
    }

    fn rewind(&self, source: usize) -> Result<(), String> {
        self.with_source(source, Source::rewind)
    }

    fn write(&self, sink: usize, piece: &Bytes) -> Result<(), String> {
        let taken = self.at(sink, |streams| streams.sink.take());
        let pouring = taken.flatten().ok_or("the sink is not there any more")?;
        let written = pouring
            .write(piece)
            .map_err(|error| self.keep(sink, error))?;
        self.at(sink, |streams| streams.sink = Some(written));
        Ok(())
    }
}
