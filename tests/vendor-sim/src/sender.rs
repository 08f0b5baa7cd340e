//! The webhook sender: runs a [`Plan`] against a target with several senders, and accounts for it.
//!
//! Senders take slots in order. Before an event's first delivery its entity has been bumped, and
//! all earlier events' entities too, so versions ascend with events whatever the order of arrival.
//! Two senders that hold a pair wait for each other; since a pair's slots are neighbours but for
//! forgeries, which wait for nobody, at most one sender waits at a time and two senders suffice.
//! A delivery that fails (5xx, 429, no answer) is tried again a bounded number of times. What the
//! run counts is what receivers answered; nothing is assumed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::World;
use crate::identity::KeyError;
use crate::plan::{Plan, Slot, plan};
use crate::run_options::{RunOptions, Source};
use crate::tally::{Answer, Tally, Verdict, percentile};
use crate::time::now_ms;
use crate::webhooks::{Forgery, Message, Secret, genuine};

/// First pause before a delivery is tried again; doubles up to [`PAUSE_AT_MOST`].
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const PAUSE_AT_MOST: Duration = Duration::from_secs(1);

/// Time that one delivery outside of a run may take.
const SINGLE_TIMEOUT: Duration = Duration::from_secs(15);

/// Largest answer that is looked at.
const ANSWER_AT_MOST_BYTES: usize = 64 << 10;

/// Undelivered events that a result lists at most.
const LISTED_AT_MOST: usize = 1_000;

/// An event that has happened.
struct Event {
    id: String,
    body: Vec<u8>,
}

/// One run under way.
struct Run {
    options: RunOptions,
    number: u32,
    secret: Secret,
    client: reqwest::Client,
    plan: Plan,
    barriers: Vec<Barrier>,
    next_slot: AtomicUsize,
    events: Mutex<Vec<Arc<Event>>>,
    tally: Mutex<Tally>,
    began: Instant,
    began_ms: i64,
}

impl Run {
    fn new(options: RunOptions, number: u32, secret: Secret, client: reqwest::Client) -> Self {
        let plan = plan(&options.shape(), &mut StdRng::seed_from_u64(options.seed));
        Self {
            barriers: (0..plan.pairs).map(|_| Barrier::new(2)).collect(),
            number,
            secret,
            client,
            plan,
            next_slot: AtomicUsize::new(0),
            events: Mutex::default(),
            tally: Mutex::new(Tally::new(options.events)),
            began: Instant::now(),
            began_ms: now_ms(),
            options,
        }
    }

    /// The whole run.
    async fn run(self: &Arc<Self>, world: &Arc<World>) -> Value {
        let senders = (0..self.options.senders).map(|_| {
            let (run, world) = (Arc::clone(self), Arc::clone(world));
            async move { run.send_slots(&world).await }
        });
        let mut sending = tokio::task::JoinSet::new();
        senders.for_each(|sender| {
            sending.spawn(sender);
        });
        let all = async { while sending.join_next().await.is_some() {} };
        let limit = Duration::from_secs(self.options.max_seconds as u64);
        let is_timed_out = tokio::time::timeout(limit, all).await.is_err();
        sending.shutdown().await;
        self.result(is_timed_out)
    }

    /// One sender: slots in order, until there are none.
    async fn send_slots(&self, world: &World) {
        loop {
            let place = self.next_slot.fetch_add(1, Ordering::Relaxed);
            let Some(&slot) = self.plan.slots.get(place) else {
                return;
            };
            if let Some(per_s) = self.options.per_s {
                let due = self.began + Duration::from_secs_f64(place as f64 / per_s);
                tokio::time::sleep_until(due.into()).await;
            }
            match slot {
                Slot::Genuine { event, pair } => self.send_genuine(world, event, pair).await,
                Slot::Forged { number, forgery } => self.send_forged(number, forgery).await,
            }
        }
    }

    async fn send_genuine(&self, world: &World, number: usize, pair: Option<usize>) {
        let Some(event) = self.happen(world, number) else {
            return;
        };
        if let Some(barrier) = pair.and_then(|pair| self.barriers.get(pair)) {
            barrier.wait().await;
        }
        let make = |now_s| genuine(&self.secret, &event.id, &event.body, now_s);
        let verdict = self.deliver(make, IsForged::No).await;
        self.tally.lock().genuine(number, verdict);
    }

    async fn send_forged(&self, number: usize, forgery: Forgery) {
        let source = self.options.vendor;
        let entity = number % self.options.entities + 1;
        let id = match source {
            Source::Crm => format!("c{entity}"),
            Source::Catalog => entity.to_string(),
        };
        // A version that never was: should it ever be believed, that would show.
        let body = source.body(&id, 1_000_000);
        let event_id = format!("forged_{:08x}_{number}", self.number);
        let make = |now_s| forgery.make(&self.secret, &event_id, &body, now_s);
        let verdict = self.deliver(make, IsForged::Yes).await;
        self.tally.lock().forged(forgery, verdict);
    }

    /// The event, after it and all before it have happened.
    fn happen(&self, world: &World, number: usize) -> Option<Arc<Event>> {
        let mut events = self.events.lock();
        while events.len() <= number {
            let entity = *self.plan.entities.get(events.len())?;
            let (id, version) = self.options.vendor.bump(world, entity);
            let body = self.options.vendor.body(&id, version);
            let id = self.event_id(events.len());
            events.push(Arc::new(Event { id, body }));
        }
        events.get(number).cloned()
    }

    fn event_id(&self, number: usize) -> String {
        format!("evt_{:08x}_{number}", self.number)
    }

    /// Sends until there is a verdict that another try would not change.
    async fn deliver(&self, make: impl Fn(i64) -> Message, is_forged: IsForged) -> Verdict {
        let timeout = Duration::from_millis(self.options.timeout_ms as u64);
        let mut pause = FIRST_PAUSE;
        let mut tries = 0;
        loop {
            let message = make(now_ms().div_euclid(1000));
            let began = Instant::now();
            let answer = post(&self.client, &self.options.target, message, timeout).await;
            let verdict = answer.verdict();
            self.note(&answer, began.elapsed(), is_forged, tries > 0);
            tries += 1;
            let may_try_again = self.options.resend_on_failure && tries < self.options.max_tries;
            if verdict != Verdict::Failed || !may_try_again {
                return verdict;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_AT_MOST);
        }
    }

    fn note(&self, answer: &Answer, took: Duration, is_forged: IsForged, is_resent: bool) {
        let mut tally = self.tally.lock();
        tally.resent += u64::from(is_resent);
        if is_forged == IsForged::No {
            tally.attempts += 1;
            *tally.answers.entry(answer.name()).or_default() += 1;
            tally.answer_ms.push(took.as_secs_f64() * 1000.0);
        }
    }

    fn progress(&self) -> Value {
        let tally = self.tally.lock();
        json!({
            "running": true,
            "sent": tally.sent + tally.forged_sent,
            "total": self.plan.slots.len(),
            "forged_sent": tally.forged_sent,
            "resent": tally.resent,
            "elapsed_ms": self.began.elapsed().as_millis() as u64,
        })
    }

    fn result(&self, is_timed_out: bool) -> Value {
        let tally = self.tally.lock();
        let mut answer_ms = tally.answer_ms.clone();
        answer_ms.sort_by(f64::total_cmp);
        let undelivered: Vec<_> = (0..self.options.events)
            .filter(|&event| tally.is_delivered.get(event) != Some(&true))
            .take(LISTED_AT_MOST)
            .map(|event| self.event_id(event))
            .collect();
        let event_ids: Vec<_> = (0..self.options.events)
            .map(|event| self.event_id(event))
            .collect();
        json!({
            "events": self.options.events,
            "deliveries": tally.sent,
            "event_ids": event_ids,
            "attempts": tally.attempts,
            "resent": tally.resent,
            "accepted": tally.accepted,
            "refused": tally.refused,
            "given_up": tally.given_up,
            "events_undelivered": undelivered,
            "pairs": self.plan.pairs,
            "answers": tally.answers,
            "reasons": tally.reasons,
            "forged": tally.forged_json(),
            "answer_ms": {
                "p50": percentile(&answer_ms, 0.5),
                "p95": percentile(&answer_ms, 0.95),
                "max": percentile(&answer_ms, 1.0),
            },
            "started_ms": self.began_ms,
            "finished_ms": now_ms(),
            "timed_out": is_timed_out,
        })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum IsForged {
    Yes,
    No,
}

/// Sends one message and reads the answer.
async fn post(
    client: &reqwest::Client,
    target: &str,
    message: Message,
    timeout: Duration,
) -> Answer {
    let mut request = client
        .post(target)
        .timeout(timeout)
        .header("content-type", "application/json")
        .header("webhook-id", message.id)
        .header("webhook-timestamp", message.timestamp_s);
    if let Some(signature) = message.signature {
        request = request.header("webhook-signature", signature);
    }
    let failed = |error: reqwest::Error| match error.is_timeout() {
        true => Answer::Timeout,
        false => Answer::Connection,
    };
    let mut response = match request.body(message.body).send().await {
        Ok(response) => response,
        Err(error) => return failed(error),
    };
    let status = response.status().as_u16();
    let mut body = Vec::new();
    // Read to the end, so that the connection can be used again.
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() < ANSWER_AT_MOST_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => return failed(error),
        }
    }
    Answer::Status(status, reason(&body))
}

/// The `reason` in an answer's body; empty when there is none.
fn reason(body: &[u8]) -> String {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let reason = body.as_ref().and_then(|body| body.get("reason")?.as_str());
    reason.unwrap_or_default().to_owned()
}

/// The run under way, and the last one's result.
#[derive(Default)]
struct Runs {
    current: Option<Arc<Run>>,
    last: Option<Value>,
}

/// Webhooks of both sources.
pub struct Webhooks {
    crm_secret: Secret,
    catalog_secret: Secret,
    client: reqwest::Client,
    runs: Mutex<Runs>,
}

impl Webhooks {
    /// Takes the secrets of the CRM and of the catalogue.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new([crm_secret, catalog_secret]: [Secret; 2]) -> Result<Self, KeyError> {
        // Only plain HTTP is spoken, but the client is built with TLS and wants to know by whom.
        // An error says that somebody else has set it before, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            crm_secret,
            catalog_secret,
            client,
            runs: Mutex::default(),
        })
    }

    fn secret(&self, source: Source) -> &Secret {
        match source {
            Source::Crm => &self.crm_secret,
            Source::Catalog => &self.catalog_secret,
        }
    }

    /// Sends one event that has happened, once.
    pub async fn send_one(&self, source: Source, target: &str, id: &str, version: u64) -> Value {
        let event_id = format!("evt_{}", hex::encode(rand::random::<[u8; 8]>()));
        let body = source.body(id, version);
        let now_s = now_ms().div_euclid(1000);
        let message = genuine(self.secret(source), &event_id, &body, now_s);
        let began = Instant::now();
        let answer = post(&self.client, target, message, SINGLE_TIMEOUT).await;
        let status = match &answer {
            Answer::Status(status, _) => Some(status),
            Answer::Connection | Answer::Timeout => None,
        };
        json!({
            "id": event_id,
            "status": status,
            "answer": answer.name(),
            "took_ms": began.elapsed().as_secs_f64() * 1000.0,
        })
    }

    /// How far the run is.
    pub fn progress(&self) -> Value {
        let current = self.runs.lock().current.clone();
        current.map_or_else(|| json!({"running": false}), |run| run.progress())
    }

    /// The last run's result.
    pub fn last_result(&self) -> Option<Value> {
        self.runs.lock().last.clone()
    }
}

/// Starts a run, which goes on by itself; the handle gives its result. None while another one is
/// under way.
pub fn start(world: &Arc<World>, options: RunOptions) -> Option<tokio::task::JoinHandle<Value>> {
    let webhooks = &world.webhooks;
    let mut runs = webhooks.runs.lock();
    if runs.current.is_some() {
        return None;
    }
    let secret = webhooks.secret(options.vendor).clone();
    // Random, since a receiver's ledger may outlive this process and must not know the ids.
    let number = rand::random();
    let run = Arc::new(Run::new(options, number, secret, webhooks.client.clone()));
    runs.current = Some(Arc::clone(&run));
    let world = Arc::clone(world);
    Some(tokio::spawn(async move {
        let result = run.run(&world).await;
        let mut runs = world.webhooks.runs.lock();
        runs.current = None;
        runs.last = Some(result.clone());
        result
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_read_from_json_only() {
        assert_eq!(reason(br#"{"reason":"no_match"}"#), "no_match");
        assert_eq!(reason(b"no_match"), "");
        assert_eq!(reason(br#"{"reason":7}"#), "");
    }
}
