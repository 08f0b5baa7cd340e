//! Runs calls on a thread of their own while the caller's goes on.
//!
//! The thread is made by a thread's first [`start`], never before, with an engine of its own; it is
//! forgotten after a fork, where it does not exist, and ends when its owner does. It never calls
//! PHP: secrets are read before a call is handed over, the switch is looked at in the segment, contents
//! are in memory, and an answer's content goes there too or into a local file
//! (`background_host.rs`).
//!
//! At the end of a request [`finish`] gives what is under way some grace and cancels the rest.

use std::cell::RefCell;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use rustix::event::{EventfdFlags, eventfd};

use super::asks::Asks;
use super::background_host::{BackgroundHost, Outcome};
use super::foreground::SLICE;
use super::reactor::{self, Interest};
use super::task::Task;
use crate::clock;
use crate::http::{
    Answer, CallError, Client, Host, Request, Stop, driver, engine, failure::Failure,
};
use crate::options::{SecretBytes, SecretRef};

/// What the thread does first: the binding keeps the program's signals off it.
static ON_START: OnceLock<fn()> = OnceLock::new();

/// To be called once, when the program starts.
pub fn on_thread_start(hook: fn()) {
    let _ = ON_START.set(hook);
}

/// A call's result, or that it is not there yet.
#[derive(Default)]
struct Slot {
    outcome: Mutex<Option<Outcome>>,
    came: Condvar,
    is_cancelled: AtomicBool,
}

/// A call that runs in the background.
pub struct Pending {
    slot: Arc<Slot>,
    client: Client,
    generation: u64,
    wake: Option<Arc<OwnedFd>>,
}

struct Job {
    client: Client,
    request: Request,
    sink: Option<PathBuf>,
    secrets: Vec<(SecretRef, SecretBytes)>,
    slot: Arc<Slot>,
}

/// A thread's background thread, as its owner holds it.
struct Background {
    generation: u64,
    jobs: Sender<Job>,
    wake: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    /// What was handed over; results that came are dropped from it at the next start.
    open: Vec<(String, Arc<Slot>)>,
}

thread_local! {
    static BACKGROUND: RefCell<Option<Background>> = const { RefCell::new(None) };
}

/// Hands a call to this thread's background thread; `sink` takes the content of an answer below 400
/// in place of memory.
///
/// # Errors
/// When the system gives no thread or descriptor.
pub(crate) fn start(
    client: &Client,
    request: Request,
    sink: Option<PathBuf>,
    secrets: Vec<(SecretRef, SecretBytes)>,
) -> Result<Pending, Failure> {
    let slot = Arc::new(Slot::default());
    let job = Job {
        client: client.clone(),
        request,
        sink,
        secrets,
        slot: Arc::clone(&slot),
    };
    let wake = BACKGROUND.with_borrow_mut(|background| {
        if background.as_ref().is_none_or(|b| !b.is_ours()) {
            std::mem::forget(background.take());
            *background = Some(Background::new()?);
        }
        let Some(running) = background.as_mut() else {
            return Err(Failure::setup("no background thread"));
        };
        running.hand_over(job)?;
        Ok(Arc::clone(&running.wake))
    })?;
    Ok(Pending {
        slot,
        client: client.clone(),
        generation: engine::generation(),
        wake: Some(wake),
    })
}

/// Gives what runs in the background so long to end and cancels the rest; the names of the
/// connections whose calls were cancelled.
pub fn finish(grace: Duration) -> Vec<String> {
    let open = BACKGROUND.with_borrow_mut(|background| match background {
        Some(running) if running.is_ours() => {
            Some((std::mem::take(&mut running.open), Arc::clone(&running.wake)))
        }
        Some(_) | None => None,
    });
    let Some((open, wake)) = open else {
        return Vec::new();
    };
    let until = clock::running().saturating_add(grace);
    let mut cancelled = Vec::new();
    for (connection, slot) in open {
        let left = until.since(clock::running());
        if slot.wait(left).is_none() {
            slot.is_cancelled.store(true, Ordering::Release);
            cancelled.push(connection);
        }
    }
    if !cancelled.is_empty() {
        ring(&wake);
    }
    cancelled
}

/// Ends this thread's background thread and waits for it, at most about a slice.
pub fn stop() {
    let taken = BACKGROUND.with_borrow_mut(Option::take);
    match taken {
        Some(background) if background.is_ours() => drop(background),
        other => std::mem::forget(other),
    }
}

impl Pending {
    /// A call that is done already.
    pub(in crate::http) fn done(client: &Client, outcome: Outcome) -> Self {
        Self {
            slot: Arc::new(Slot {
                outcome: Mutex::new(Some(outcome)),
                ..Slot::default()
            }),
            client: client.clone(),
            generation: engine::generation(),
            wake: None,
        }
    }

    /// Waits for the result; `None` when it has not come within `timeout`. It may be asked again.
    ///
    /// # Errors
    /// The call's own, or that the caller's side stopped the wait: the call then goes on.
    pub fn wait(
        &self,
        timeout: Option<Duration>,
        host: &dyn Host,
    ) -> Result<Option<Answer>, CallError> {
        let until = timeout.map(|timeout| clock::running().saturating_add(timeout));
        loop {
            if self.generation != engine::generation() {
                return Err(driver::forked(&self.client));
            }
            let left = until.map_or(SLICE, |until| until.since(clock::running()).min(SLICE));
            if let Some(outcome) = self.slot.wait(left) {
                return outcome.map(|(answer, _)| Some(answer));
            }
            if left.is_zero() {
                return Ok(None);
            }
            host.check()
                .map_err(|stop| driver::stopped_wait(&self.client, stop))?;
        }
    }

    /// Bytes of the answer that went into its file; `None` before it came, and where none did.
    pub fn sunk_bytes(&self) -> Option<u64> {
        let outcome = self.slot.outcome.lock();
        let ended = outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        ended.and_then(|(_, sunk_bytes)| *sunk_bytes)
    }

    /// Whether the result is there.
    pub fn is_done(&self) -> bool {
        self.generation == engine::generation() && self.slot.outcome.lock().is_some()
    }

    /// Gives the call up; its result is an error then, if it was not there before.
    pub fn cancel(&self) {
        if self.generation == engine::generation()
            && let Some(wake) = &self.wake
        {
            self.slot.is_cancelled.store(true, Ordering::Release);
            ring(wake);
        }
    }
}

impl Slot {
    fn wait(&self, span: Duration) -> Option<Outcome> {
        let mut outcome = self.outcome.lock();
        if outcome.is_none() && !span.is_zero() {
            self.came.wait_for(&mut outcome, span);
        }
        outcome.clone()
    }

    fn put(&self, outcome: Outcome) {
        *self.outcome.lock() = Some(outcome);
        self.came.notify_all();
    }
}

impl Background {
    fn new() -> Result<Self, Failure> {
        let refuse =
            |error: std::io::Error| Failure::setup(format!("no background thread: {error}"));
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = Arc::new(eventfd(0, flags).map_err(|errno| refuse(errno.into()))?);
        let (jobs, received) = channel();
        let heard = Arc::clone(&wake);
        let thread = std::thread::Builder::new()
            .name("causeway".to_owned())
            .spawn(move || serve(&received, heard))
            .map_err(refuse)?;
        Ok(Self {
            generation: engine::generation(),
            jobs,
            wake,
            thread: Some(thread),
            open: Vec::new(),
        })
    }

    fn is_ours(&self) -> bool {
        self.generation == engine::generation()
    }

    fn hand_over(&mut self, job: Job) -> Result<(), Failure> {
        self.open.retain(|(_, slot)| slot.outcome.lock().is_none());
        self.open
            .push((job.client.plan().name.clone(), Arc::clone(&job.slot)));
        self.jobs
            .send(job)
            .map_err(|_| Failure::setup("the background thread has ended"))?;
        ring(&self.wake);
        Ok(())
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if !self.is_ours() {
            std::mem::forget(self.thread.take());
            return;
        }
        // The thread ends when it finds its channel closed.
        let (closed, _) = channel();
        self.jobs = closed;
        ring(&self.wake);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn ring(wake: &OwnedFd) {
    let _ = rustix::io::write(wake, &1_u64.to_ne_bytes());
}

/// One call as the background thread runs it.
struct Running {
    client: Rc<Client>,
    asks: Rc<Asks>,
    host: BackgroundHost,
    slot: Arc<Slot>,
    task: Task<'static, Result<Answer, CallError>>,
}

impl Running {
    fn new(job: Job) -> Self {
        let mut request = job.request;
        let host = BackgroundHost::new(job.client.clone(), &mut request, job.sink);
        let client = Rc::new(job.client);
        let asks = Rc::new(Asks::with_secrets(job.secrets));
        let (called, asked) = (Rc::clone(&client), Rc::clone(&asks));
        Self {
            client,
            asks,
            host,
            slot: job.slot,
            task: Task::new(async move { driver::make(&called, &request, &asked).await }),
        }
    }

    /// Goes on with it; whether it is done.
    fn is_done(&mut self) -> bool {
        if self.slot.is_cancelled.load(Ordering::Acquire) {
            let cancelled = driver::stopped_wait(&self.client, Stop::Interrupted);
            self.slot.put(self.host.end(Err(cancelled)));
            return true;
        }
        loop {
            if let Poll::Ready(outcome) = self.task.poll() {
                self.slot.put(self.host.end(outcome));
                return true;
            }
            if !self.asks.answer(&self.host) {
                return false;
            }
        }
    }
}

/// The background thread.
fn serve(jobs: &Receiver<Job>, wake: Arc<OwnedFd>) {
    if let Some(hook) = ON_START.get() {
        hook();
    }
    let wake = Rc::new(Heard(wake));
    let mut bell = Task::new(heard(Rc::clone(&wake)));
    let mut running: Vec<Running> = Vec::new();
    loop {
        if bell.poll().is_ready() {
            bell = Task::new(heard(Rc::clone(&wake)));
            let _ = bell.poll();
        }
        loop {
            match jobs.try_recv() {
                Ok(job) => running.push(Running::new(job)),
                Err(TryRecvError::Empty) => break,
                // The owner has ended: so does what it started.
                Err(TryRecvError::Disconnected) => return,
            }
        }
        running.retain_mut(|call| !call.is_done());
        let can_go_on = bell.can_go_on() || running.iter().any(|call| call.task.can_go_on());
        if !can_go_on {
            reactor::wait(clock::running().saturating_add(IDLE));
        }
    }
}

/// A quiet thread looks so often by itself.
const IDLE: Duration = Duration::from_secs(10);

struct Heard(Arc<OwnedFd>);

impl std::os::fd::AsFd for Heard {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

async fn heard(wake: Rc<Heard>) {
    reactor::ready(&wake, Interest::Read).await;
    let _ = rustix::io::read(&*wake.0, &mut [0_u8; 8]);
}
