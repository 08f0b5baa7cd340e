//! The caller's side of a call that runs where PHP is not: the switch as the segment knows it, and
//! a file that takes the answer's content.

use std::cell::RefCell;
use std::path::PathBuf;

use bytes::Bytes;

use super::file_sink::FileSink;
use crate::http::failure::{Failure, FailureKind};
use crate::http::{Answer, CallError, Client, Host, Request, Sent, Stop, driver};

/// What came of a background call: its answer, and the bytes of it that went into its file.
pub(crate) type Outcome = Result<(Answer, Option<u64>), CallError>;

/// A background call's host.
pub(crate) struct BackgroundHost {
    client: Client,
    sink: RefCell<Option<FileSink>>,
}

impl BackgroundHost {
    /// A host for this call alone; the request is told of the file, where there is one.
    pub(crate) fn new(client: Client, request: &mut Request, sink: Option<PathBuf>) -> Self {
        request.sink = sink.is_some().then_some(0);
        Self {
            client,
            sink: RefCell::new(sink.map(FileSink::new)),
        }
    }

    /// Ends the file as the call ended: an error's content never went into it.
    pub(crate) fn end(&self, outcome: Result<Answer, CallError>) -> Outcome {
        let sink = self.sink.take();
        let answer = outcome?;
        let Some(sink) = sink.filter(|_| answer.status < 400) else {
            return Ok((answer, None));
        };
        match sink.close() {
            Ok(written_bytes) => Ok((answer, Some(written_bytes))),
            Err(reason) => Err(self.not_written(&answer, reason)),
        }
    }

    fn not_written(&self, answer: &Answer, reason: String) -> CallError {
        let failure = Failure::new(FailureKind::BadRequest, Sent::Yes, reason);
        CallError {
            attempts: answer.attempts,
            elapsed: answer.elapsed,
            status: Some(answer.status),
            correlation_id: answer.correlation_id.clone(),
            ..driver::of_failure(&self.client, failure)
        }
    }
}

impl Host for BackgroundHost {
    fn before_attempt(&self) -> Result<(), Stop> {
        if self.client.connection().last_known_paused() {
            let reason = "switched off".to_owned();
            return Err(Stop::Paused { reason });
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Stop> {
        self.before_attempt()
    }

    fn write(&self, _: usize, piece: &Bytes) -> Result<(), String> {
        match &mut *self.sink.borrow_mut() {
            Some(sink) => sink.write(piece),
            None => Err("the sink is not there any more".to_owned()),
        }
    }
}
