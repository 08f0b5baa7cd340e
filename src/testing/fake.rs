//! The fake vendor of a test: rules, a log of what was sent, and no way around it.
//!
//! It stands in the place of the transport, below every policy: retries, breaker, throttle, tokens
//! and the cache work as they do against a real vendor. It belongs to one thread, that of PHP, as
//! the frozen clock does, and ends with the request at the latest.
//!
//! A request takes the newest rule that means it and is still open. One that no rule means is
//! refused, loudly, unless its connection may pass to the real vendor or a recording is on. Each
//! request costs one walk over the rules and one push to the log, however long that is; the log
//! keeps the newest [`LOG_MAX`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use super::rule::{Matcher, Rule, Step, TimedStep};
use super::sent::{Met, Outgoing, SentRequest};
use super::tape::{self, Tape};
use crate::clock;

/// Requests that the log keeps.
const LOG_MAX: usize = 100_000;
/// Refused requests that are remembered by name.
const STRAYS_MAX: usize = 100;

thread_local! {
    static CURRENT: RefCell<Option<Rc<Fake>>> = const { RefCell::new(None) };
}

/// The fake that stands in for all vendors at the moment.
pub fn current() -> Option<Rc<Fake>> {
    CURRENT.with_borrow(Option::clone)
}

/// Puts a fake in the vendors' place, or takes it away.
pub fn install(fake: Option<Rc<Fake>>) {
    CURRENT.with_borrow_mut(|current| *current = fake);
}

/// What becomes of a request.
#[derive(Clone, Debug)]
pub enum Decision {
    /// The script goes on.
    Play(TimedStep),
    /// It goes to the real vendor; an answer is to be reported with this number.
    Pass(u64),
    /// No rule means it: nothing is sent, and the message says what to do.
    Refuse(String),
}

/// A fake vendor.
#[derive(Debug, Default)]
pub struct Fake {
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    log: VecDeque<SentRequest>,
    /// Requests that the log has dropped: numbers of entries go on.
    dropped: u64,
    strays: Vec<String>,
    strays_more: u64,
    passing: Vec<String>,
    tape: Option<Tape>,
}

impl Fake {
    /// A fake without rules; requests of these connections pass to the real vendors.
    pub fn new(passing: Vec<String>) -> Self {
        let fake = Self::default();
        fake.state.borrow_mut().passing = passing;
        fake
    }

    /// A fake that plays a recording, or makes one.
    pub fn with_tape(tape: Tape) -> Self {
        let fake = Self::default();
        fake.state.borrow_mut().tape = Some(tape);
        fake
    }

    /// Adds a rule; gives its number.
    pub fn add(&self, rule: Rule) -> usize {
        let rules = &mut self.state.borrow_mut().rules;
        rules.push(rule);
        rules.len().saturating_sub(1)
    }

    /// Works on a rule.
    pub fn with_rule<T>(&self, number: usize, work: impl FnOnce(&mut Rule) -> T) -> Option<T> {
        self.state.borrow_mut().rules.get_mut(number).map(work)
    }

    /// Decides what a request meets, and writes it down.
    pub fn meet(&self, request: &Outgoing<'_>) -> Decision {
        let state = &mut *self.state.borrow_mut();
        let rule = state
            .rules
            .iter_mut()
            .rev()
            .find(|rule| rule.is_open() && rule.matcher.matches(request));
        if let Some(rule) = rule {
            let step = rule.take();
            state.log(request, met(&step));
            return Decision::Play(step);
        }
        match state.tape.as_mut().map(|tape| tape.meet(request)) {
            Some(tape::Found::Recorded(step)) => {
                state.log(request, met(&step));
                return Decision::Play(step);
            }
            Some(tape::Found::ToRecord) => return Decision::Pass(state.log(request, Met::Vendor)),
            Some(tape::Found::Nothing) | None => {}
        }
        if state.passing.iter().any(|name| name == request.connection) {
            return Decision::Pass(state.log(request, Met::Vendor));
        }
        state.log(request, Met::Nothing);
        Decision::Refuse(state.refuse(request))
    }

    /// Takes a real vendor's answer to the request of this number, for the log and a recording.
    pub fn answered(&self, number: u64, reply: &super::Reply) {
        let state = &mut *self.state.borrow_mut();
        let at = number.checked_sub(state.dropped);
        let entry = at
            .and_then(|at| usize::try_from(at).ok())
            .and_then(|at| state.log.get_mut(at));
        let Some(entry) = entry else { return };
        entry.met = Met::Status(reply.status.as_u16());
        if let Some(tape) = &mut state.tape {
            tape.record(&entry.outgoing(), reply);
        }
    }

    /// Whether answers of real vendors are recorded: they must then come without an encoding.
    pub fn is_recording(&self) -> bool {
        let state = self.state.borrow();
        state.tape.as_ref().is_some_and(Tape::is_recording)
    }

    /// What was sent and is meant by the matcher, oldest first.
    pub fn sent(&self, matcher: &Matcher) -> Vec<SentRequest> {
        let state = self.state.borrow();
        let meant = |sent: &&SentRequest| matcher.matches(&sent.outgoing());
        state.log.iter().filter(meant).cloned().collect()
    }

    /// How many were sent that the matcher means.
    pub fn sent_count(&self, matcher: &Matcher) -> usize {
        let state = self.state.borrow();
        let meant = |sent: &&SentRequest| matcher.matches(&sent.outgoing());
        state.log.iter().filter(meant).count()
    }

    /// The requests that were refused, as a message names them.
    pub fn strays(&self) -> Vec<String> {
        let state = self.state.borrow();
        let mut strays = state.strays.clone();
        if state.strays_more > 0 {
            strays.push(format!("and {} more", state.strays_more));
        }
        strays
    }

    /// Rules that no request met, and recorded answers that nobody asked for.
    pub fn unused(&self) -> Vec<String> {
        let state = self.state.borrow();
        let unmet = state.rules.iter().filter(|rule| rule.taken() == 0);
        let mut unused: Vec<_> = unmet.map(|rule| rule.matcher.described()).collect();
        unused.extend(state.tape.iter().flat_map(Tape::unused));
        unused
    }

    /// Writes a recording to its file.
    ///
    /// # Errors
    /// Why there is no file, for people.
    pub fn save(&self) -> Result<(), String> {
        self.state
            .borrow_mut()
            .tape
            .as_mut()
            .map_or(Ok(()), Tape::save)
    }
}

impl State {
    /// Writes a request down; gives its number.
    fn log(&mut self, request: &Outgoing<'_>, met: Met) -> u64 {
        if self.log.len() >= LOG_MAX {
            self.log.pop_front();
            self.dropped = self.dropped.saturating_add(1);
        }
        let number = self.dropped.saturating_add(self.log.len() as u64);
        self.log.push_back(request.sent(clock::unix(), met));
        number
    }

    /// Remembers a request that no rule means; the message says what to do.
    fn refuse(&mut self, request: &Outgoing<'_>) -> String {
        let described = request.described();
        let message = match &self.tape {
            Some(tape) => format!("no recorded answer for {described}: {}", tape.advice()),
            None => format!("no rule for {described}: add one with Fake::on()"),
        };
        if self.strays.len() < STRAYS_MAX {
            self.strays.push(described);
        } else {
            self.strays_more = self.strays_more.saturating_add(1);
        }
        message
    }
}

fn met(step: &TimedStep) -> Met {
    match &step.step {
        Step::Reply(reply) => Met::Status(reply.status.as_u16()),
        Step::Fault(fault) => Met::Fault(*fault),
    }
}

#[cfg(test)]
mod tests;
