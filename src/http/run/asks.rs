//! What a call's future asks its runner for, and the runner's answers.
//!
//! A future must not call PHP: it may be polled inside another call's wait. So it leaves a question
//! in this cell and waits; the runner takes the question, asks the [`Host`] with nothing of ours
//! held, puts the answer in, and polls on. There is one question at a time, because a call does one
//! thing at a time. The wish to stop travels the same way: the runner leaves it here, and the call
//! finds it wherever it waits.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use crate::http::{Host, Stop};
use crate::options::{SecretBytes, SecretError, SecretRef};

/// A question that only the caller's side can answer.
#[derive(Clone, Debug)]
enum Ask {
    BeforeAttempt,
    Secret(SecretRef),
    NextChunk(usize),
    Rewind(usize),
    Write(usize, Bytes),
}

enum Reply {
    BeforeAttempt(Result<(), Stop>),
    Secret(Result<SecretBytes, SecretError>),
    NextChunk(Result<Option<Bytes>, String>),
    /// Of a rewind and of a write.
    Done(Result<(), String>),
}

/// One call's questions and answers.
#[derive(Default)]
pub(crate) struct Asks {
    ask: RefCell<Option<Ask>>,
    reply: RefCell<Option<Reply>>,
    stop: RefCell<Option<Stop>>,
    /// Whether a stop was left, as a plain look: every wait looks at it.
    is_stopped: Cell<bool>,
    waker: RefCell<Option<Waker>>,
    /// Whether its thread has nothing else to do meanwhile.
    is_alone: bool,
    /// Secrets that were read before the call began, for a call that runs where PHP is not.
    secrets: Vec<(SecretRef, SecretBytes)>,
}

impl Asks {
    /// For the only call that its thread has under way: it may block for a moment.
    pub(crate) fn alone() -> Self {
        Self {
            is_alone: true,
            ..Self::default()
        }
    }

    /// Whether the call may block its thread for a moment.
    pub(crate) fn is_alone(&self) -> bool {
        self.is_alone
    }

    /// For a call that runs on another thread, with the secrets that it will need.
    pub(crate) fn with_secrets(secrets: Vec<(SecretRef, SecretBytes)>) -> Self {
        Self {
            secrets,
            ..Self::default()
        }
    }

    /// Whether an attempt may begin.
    ///
    /// # Errors
    /// When the caller wants none.
    pub(crate) async fn before_attempt(&self) -> Result<(), Stop> {
        match self.ask(Ask::BeforeAttempt).await {
            Reply::BeforeAttempt(answer) => answer,
            Reply::Secret(_) | Reply::NextChunk(_) | Reply::Done(_) => Ok(()),
        }
    }

    /// A secret's bytes.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(crate) async fn secret(&self, secret: &SecretRef) -> Result<SecretBytes, SecretError> {
        if let Some((_, kept)) = self.secrets.iter().find(|(known, _)| known == secret) {
            return Ok(kept.clone());
        }
        if !secret.needs_resolver() {
            return secret.resolve();
        }
        match self.ask(Ask::Secret(secret.clone())).await {
            Reply::Secret(answer) => answer,
            Reply::BeforeAttempt(_) | Reply::NextChunk(_) | Reply::Done(_) => secret.resolve(),
        }
    }

    /// The next piece of a streamed content.
    ///
    /// # Errors
    /// Why it cannot be had.
    pub(crate) async fn next_chunk(&self, source: usize) -> Result<Option<Bytes>, String> {
        match self.ask(Ask::NextChunk(source)).await {
            Reply::NextChunk(answer) => answer,
            Reply::BeforeAttempt(_) | Reply::Secret(_) | Reply::Done(_) => Ok(None),
        }
    }

    /// Puts a streamed content back to its start.
    ///
    /// # Errors
    /// Why that cannot be.
    pub(crate) async fn rewind(&self, source: usize) -> Result<(), String> {
        match self.ask(Ask::Rewind(source)).await {
            Reply::Done(answer) => answer,
            Reply::BeforeAttempt(_) | Reply::Secret(_) | Reply::NextChunk(_) => Ok(()),
        }
    }

    /// Hands a piece of an answer's content over.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub(crate) async fn write(&self, sink: usize, piece: Bytes) -> Result<(), String> {
        match self.ask(Ask::Write(sink, piece)).await {
            Reply::Done(answer) => answer,
            Reply::BeforeAttempt(_) | Reply::Secret(_) | Reply::NextChunk(_) => Ok(()),
        }
    }

    async fn ask(&self, ask: Ask) -> Reply {
        *self.reply.borrow_mut() = None;
        *self.ask.borrow_mut() = Some(ask);
        poll_fn(|context| match self.reply.borrow_mut().take() {
            Some(reply) => Poll::Ready(reply),
            None => self.pending(context),
        })
        .await
    }

    /// Runs a future until it is done or the caller wants to stop.
    ///
    /// # Errors
    /// When the caller wanted to stop first.
    pub(crate) async fn unless_stopped<F: Future>(
        &self,
        mut future: Pin<&mut F>,
    ) -> Result<F::Output, Stop> {
        poll_fn(|context| {
            if self.is_stopped.get()
                && let Some(stop) = self.stop.borrow_mut().take()
            {
                self.is_stopped.set(false);
                return Poll::Ready(Err(stop));
            }
            match future.as_mut().poll(context) {
                Poll::Ready(output) => Poll::Ready(Ok(output)),
                Poll::Pending => self.pending(context),
            }
        })
        .await
    }

    fn pending<T>(&self, context: &Context<'_>) -> Poll<T> {
        let mut waker = self.waker.borrow_mut();
        if waker.as_ref().is_none_or(|w| !w.will_wake(context.waker())) {
            *waker = Some(context.waker().clone());
        }
        Poll::Pending
    }

    /// Answers an open question, if there is one; for the runner, outside the future.
    pub(super) fn answer(&self, host: &dyn Host) -> bool {
        let Some(ask) = self.ask.borrow_mut().take() else {
            return false;
        };
        let reply = match ask {
            Ask::BeforeAttempt => Reply::BeforeAttempt(host.before_attempt()),
            Ask::Secret(secret) => Reply::Secret(secret.resolve()),
            Ask::NextChunk(source) => Reply::NextChunk(host.next_chunk(source)),
            Ask::Rewind(source) => Reply::Done(host.rewind(source)),
            Ask::Write(sink, piece) => Reply::Done(host.write(sink, &piece)),
        };
        *self.reply.borrow_mut() = Some(reply);
        self.wake();
        true
    }

    /// Tells the call to stop where it waits.
    pub(super) fn stop(&self, stop: Stop) {
        *self.stop.borrow_mut() = Some(stop);
        self.is_stopped.set(true);
        self.wake();
    }

    fn wake(&self) {
        let waker = self.waker.borrow_mut().take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;
    use crate::http::NoHost;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_question_waits_for_its_answer() {
        let asks = Asks::default();
        let mut future = pin!(asks.before_attempt());
        assert!(poll(future.as_mut()).is_pending());
        assert!(poll(future.as_mut()).is_pending());
        assert!(asks.answer(&NoHost));
        assert_eq!(poll(future), Poll::Ready(Ok(())));
        assert!(!asks.answer(&NoHost));
    }

    #[test]
    fn a_stop_is_found_by_the_next_wait_and_only_once() {
        let asks = Asks::default();
        asks.stop(Stop::Interrupted);
        let mut never = pin!(std::future::pending::<()>());
        let mut first = pin!(asks.unless_stopped(never.as_mut()));
        assert_eq!(poll(first.as_mut()), Poll::Ready(Err(Stop::Interrupted)));
        let mut done = pin!(std::future::ready(7));
        let second = pin!(asks.unless_stopped(done.as_mut()));
        assert_eq!(poll(second), Poll::Ready(Ok(7)));
    }

    #[test]
    fn a_caller_without_contents_says_so() {
        let asks = Asks::default();
        let mut chunk = pin!(asks.next_chunk(0));
        assert!(poll(chunk.as_mut()).is_pending());
        asks.answer(&NoHost);
        assert!(matches!(poll(chunk), Poll::Ready(Err(_))));
    }
}
