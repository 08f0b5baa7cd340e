//! A recording: which recorded answer belongs to a request, or what is to be recorded.
//!
//! An answer belongs to a request of the same connection, method, URL and content (JSON compared as
//! values), after both were redacted. Equal requests get their answers in the order in which they
//! were recorded, each once: one request more than was recorded finds nothing. Finding one costs
//! the same however long the recording is.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;

use super::fixture::{self, Asked, Exchange};
use super::redaction::Redaction;
use super::rule::{Step, TimedStep};
use super::{Outgoing, Reply, SentRequest};

/// So many exchanges a recording has at most.
const EXCHANGES_MAX: usize = 10_000;

/// What a tape is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers come from the file, nothing is sent.
    Replay,
    /// Answers come from the vendors and go to the file.
    Record,
}

/// What a tape has for a request.
pub(super) enum Found {
    /// This answer.
    Recorded(TimedStep),
    /// The vendor is to be asked, and its answer recorded.
    ToRecord,
    /// Nothing.
    Nothing,
}

/// A recording that is made or played.
#[derive(Debug)]
pub struct Tape {
    path: PathBuf,
    mode: Mode,
    redaction: Redaction,
    /// What was recorded in this run, credentials included: never written as it is.
    taken: Vec<(SentRequest, Reply)>,
    /// Answers that are left, by request.
    left: HashMap<String, VecDeque<(Reply, String)>>,
    /// Why an answer could not be kept.
    trouble: Option<String>,
}

impl Tape {
    /// A tape for a file; to be played, it is read at once.
    ///
    /// # Errors
    /// What is wrong with the file.
    pub fn open(path: PathBuf, mode: Mode, redaction: Redaction) -> Result<Self, String> {
        let mut left = HashMap::<_, VecDeque<_>>::new();
        if mode == Mode::Replay {
            for exchange in fixture::load(&path)? {
                let described = format!(
                    "{}: {} {}",
                    exchange.connection, exchange.request.method, exchange.request.url
                );
                let key = exchange.request.key(&exchange.connection);
                left.entry(key)
                    .or_default()
                    .push_back((exchange.reply()?, described));
            }
        }
        Ok(Self {
            path,
            mode,
            redaction,
            taken: Vec::new(),
            left,
            trouble: None,
        })
    }

    pub(super) fn is_recording(&self) -> bool {
        self.mode == Mode::Record
    }

    /// Looks for a request's answer.
    pub(super) fn meet(&mut self, request: &Outgoing<'_>) -> Found {
        if self.is_recording() {
            return Found::ToRecord;
        }
        let mut redactor = self.redaction.begin();
        let asked = Asked::of(request, &mut redactor).scrubbed(&redactor);
        let queue = self.left.get_mut(&asked.key(request.connection));
        match queue.and_then(VecDeque::pop_front) {
            Some((reply, _)) => Found::Recorded(Step::Reply(reply).into()),
            None => Found::Nothing,
        }
    }

    /// Keeps a vendor's answer.
    pub(super) fn record(&mut self, request: &Outgoing<'_>, reply: &Reply) {
        if !self.is_recording() {
            return;
        }
        let is_encoded = reply
            .headers
            .get(http::header::CONTENT_ENCODING)
            .is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity"));
        if is_encoded && !reply.body.is_empty() {
            let why = "the answer is encoded although none was asked for, and cannot be redacted";
            self.trouble = Some(format!("{}: {why}", request.described()));
        } else if self.taken.len() >= EXCHANGES_MAX {
            self.trouble = Some(format!("more than {EXCHANGES_MAX} exchanges"));
        } else {
            let sent = request.sent(
                crate::clock::unix(),
                super::Met::Status(reply.status.as_u16()),
            );
            self.taken.push((sent, reply.clone()));
        }
    }

    /// What a refused request's message says to do.
    pub(super) fn advice(&self) -> String {
        format!("record {} again", self.path.display())
    }

    /// Answers that nobody asked for.
    pub(super) fn unused(&self) -> Vec<String> {
        let left = self.left.values().flatten();
        let mut unused: Vec<_> = left.map(|(_, described)| described.clone()).collect();
        unused.sort();
        unused
    }

    /// Writes what was recorded; nothing where the tape is played.
    pub(super) fn save(&mut self) -> Result<(), String> {
        if !self.is_recording() {
            return Ok(());
        }
        if let Some(trouble) = &self.trouble {
            return Err(trouble.clone());
        }
        let mut redactor = self.redaction.begin();
        let exchanges = self
            .taken
            .iter()
            .map(|(sent, reply)| Exchange::of(sent, reply, &mut redactor))
            .collect();
        fixture::save(&self.path, exchanges, &redactor)
    }
}

#[cfg(test)]
mod tests;
