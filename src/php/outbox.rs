//! `Causeway\Outbox`: writes out.

use std::rc::Rc;
use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};

use super::client::PhpClient;
use super::connection::Connection;
use super::response::PhpResponse;
use super::store_calls::size;
use super::{request, throw, value};
use crate::http::Request;
use crate::idempotency::{Outbox, OutboxError, OutboxOptions, SendOptions};
use crate::options::{Fields, OptionError};

/// The options of a write that are the outbox's own; the others are the call's.
const OWN: [&str; 4] = ["id", "order", "delay_ms", "deadline_ms"];

/// Writes out: recorded first, sent later by process(), each under the idempotency key that it was
/// given when it was recorded. Sending is at least once under that key: a vendor that honours it
/// does it once.
#[php_class]
#[php(name = "Causeway\\Outbox", flags = ClassFlags::Final)]
pub struct PhpOutbox {
    connection: Rc<Connection>,
    outbox: Outbox,
}

impl PhpOutbox {
    fn name(&self) -> &str {
        &self.connection.client.plan().name
    }

    /// The write, and what is said about it.
    fn read(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<(Request, SendOptions)> {
        let Some(options) = options else {
            let prepared = request::prepare(self.name(), method, uri, None)?;
            return Ok((prepared.request, SendOptions::default()));
        };
        let (mut own, mut rest) = (ZendHashTable::new(), ZendHashTable::new());
        for (key, value) in options.iter() {
            let table = if OWN.contains(&key.to_string().as_str()) {
                &mut own
            } else {
                &mut rest
            };
            table.insert(key, Zval::shallow_clone(value))?;
        }
        let send = value::options(self.name(), Some(&own))?;
        let send = send_options(&send).map_err(|error| throw::options(self.name(), &error))?;
        let prepared = request::prepare(self.name(), method, uri, Some(&rest))?;
        Ok((prepared.request, send))
    }
}

fn send_options(options: &crate::options::Value) -> Result<SendOptions, OptionError> {
    const MONTH_MS: i64 = 31 * 86_400_000;
    let mut fields = Fields::new(options)?;
    let parsed = SendOptions {
        id: fields.text("id")?,
        order: fields.text("order")?,
        delay: fields.millis("delay_ms", 0..=MONTH_MS)?.unwrap_or_default(),
        deadline: fields.millis("deadline_ms", 1..=MONTH_MS)?,
    };
    fields.finish()?;
    Ok(parsed)
}

#[php_impl]
impl PhpOutbox {
    /// The outbox of this connection, in its store.
    ///
    /// @param array<string, mixed>|null $options
    ///   lease_ms (120000), max_attempts (12), base_delay_ms (1000), max_delay_ms (3600000);
    ///   away_s (21600): a relay that was away for so long does not send what is left from before
    ///   until resume(); unsure ('repeat'|'hold'): whether a write whose fate is not known is sent
    ///   again under its key, or held in the dead letters; mark_dir: a directory outside the
    ///   store's backup where it is remembered how far the relay came, so that an older store is
    ///   known, of whatever age (a SqliteStore has its mark beside it by itself).
    ///
    /// @throws \Causeway\Exception\OptionsException
    ///   When the client has no store.
    pub fn __construct(client: &PhpClient, options: Option<&ZendHashTable>) -> PhpResult<Self> {
        let connection = Rc::clone(client.connection());
        let name = connection.client.plan().name.clone();
        let options = OutboxOptions::parse(&value::options(&name, options)?)
            .map_err(|error| throw::options(&name, &error))?;
        let outbox = Outbox::new(connection.store("Outbox")?, &name, options);
        Ok(Self { connection, outbox })
    }

    /// Records a write and returns its id; in your transaction where Store::atomically() runs.
    /// An id that is recorded already is returned again, and nothing is recorded.
    ///
    /// @param array<string, mixed>|null $options
    ///   The call's, as Client::request() has them, without throw_on_error and streams. And: id
    ///   (its name, random when left out), order (writes of the same order are sent one after
    ///   another; a dead one blocks those behind it until it is discarded or replayed), delay_ms,
    ///   deadline_ms.
    ///
    /// @throws \Causeway\Exception\OptionsException
    /// @throws \Causeway\Exception\StoreException
    #[php(name = "send")]
    pub fn send(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<String> {
        let (request, send) = self.read(method, uri, options)?;
        self.outbox.send(&request, &send).map_err(throw::store)
    }

    /// Sends a write at once and keeps the same record: when this process dies between the call
    /// and the record, process() finds it and sends it again under its key. A failure that you
    /// hear of ends it; where its fate is not known it is in the dead letters.
    ///
    /// @param array<string, mixed>|null $options
    ///   As send(), without order and delay_ms.
    ///
    /// @throws \Causeway\Exception\CallException
    /// @throws \Causeway\Exception\StoreException
    ///   Also when the id is recorded already.
    #[php(name = "call")]
    pub fn call(
        &self,
        method: &str,
        uri: &str,
        options: Option<&ZendHashTable>,
    ) -> PhpResult<PhpResponse> {
        let (request, send) = self.read(method, uri, options)?;
        let client = &self.connection.client;
        let called = self
            .outbox
            .call(&self.connection.fetcher(), &request, &send);
        match called {
            Ok(answer) => Ok(PhpResponse::new(answer)),
            Err(OutboxError::Store(error)) => Err(throw::store(error)),
            Err(OutboxError::Call(error)) => Err(throw::call(error)),
            Err(OutboxError::Refused(answer)) => client
                .refuse_error_status(*answer)
                .map(PhpResponse::new)
                .map_err(throw::call),
        }
    }

    /// Sends up to $limit writes that are due.
    ///
    /// @return array{sent: int, failed: int, deferred: int, dead: int, paused: ?string}
    ///   paused says why nothing is sent: see resume().
    #[php(name = "process", defaults(limit = 50))]
    pub fn process(&self, limit: i64) -> PhpResult<ZBox<ZendHashTable>> {
        let relayed = self
            .outbox
            .process(&self.connection.fetcher(), size(limit))
            .map_err(throw::store)?;
        let count = |count: usize| value::int(i64::try_from(count).unwrap_or(i64::MAX));
        value::record([
            ("sent", count(relayed.sent)),
            ("failed", count(relayed.failed)),
            ("deferred", count(relayed.deferred)),
            ("dead", count(relayed.dead)),
            ("paused", value::optional_text(relayed.paused.as_deref())),
        ])
    }

    /// Takes a write back that was not sent yet. FALSE where it is being sent, or has ended.
    #[php(name = "cancel")]
    pub fn cancel(&self, id: &str) -> PhpResult<bool> {
        self.outbox.cancel(id).map_err(throw::store)
    }

    /// Throws a dead write away; what waits behind it goes. FALSE where it is not dead.
    #[php(name = "discard")]
    pub fn discard(&self, id: &str) -> PhpResult<bool> {
        self.outbox.discard(id).map_err(throw::store)
    }

    /// Puts a dead write back in line, under the key that it had. FALSE where it is not dead.
    #[php(name = "replay")]
    pub fn replay(&self, id: &str) -> PhpResult<bool> {
        self.outbox.replay(id).map_err(throw::store)
    }

    /// Puts up to $limit dead writes back in line, the longest dead first; how many. The times are
    /// those of their deaths, Unix milliseconds, and belong to the span.
    #[php(name = "replayAll", defaults(limit = 1000))]
    #[php(optional = fromMs)]
    pub fn replay_all(
        &self,
        fromMs: Option<i64>,
        untilMs: Option<i64>,
        limit: i64,
    ) -> PhpResult<i64> {
        let replayed = self.outbox.replay_all(fromMs, untilMs, size(limit));
        let replayed = replayed.map_err(throw::store)?;
        Ok(i64::try_from(replayed).unwrap_or(i64::MAX))
    }

    /// How many writes stand where.
    ///
    /// @return array{
    ///   pending: int, blocked: int, claimed: int, done: int, dead: int,
    ///   oldest_pending_age_ms: int, paused: ?string
    /// }
    #[php(name = "counts")]
    pub fn counts(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let counts = self.outbox.counts().map_err(throw::store)?;
        value::record([
            ("pending", value::int(counts.pending)),
            ("blocked", value::int(counts.blocked)),
            ("claimed", value::int(counts.claimed)),
            ("done", value::int(counts.done)),
            ("dead", value::int(counts.dead)),
            (
                "oldest_pending_age_ms",
                value::int(counts.oldest_pending_age_ms),
            ),
            ("paused", value::optional_text(counts.paused.as_deref())),
        ])
    }

    /// Writes that were given up, with their last error, the longest dead first.
    ///
    /// @return list<array{
    ///   id: string, method: string, target: string, order: string, attempts: int, error: string,
    ///   updated_at_ms: int
    /// }>
    #[php(name = "deadLetters", defaults(limit = 100))]
    pub fn dead_letters(&self, limit: i64) -> PhpResult<ZBox<ZendHashTable>> {
        let letters = self
            .outbox
            .dead_letters(size(limit))
            .map_err(throw::store)?;
        let rows = letters.iter().map(|letter| {
            value::record([
                ("id", value::bytes(letter.id.as_bytes())),
                ("method", value::bytes(letter.method.as_bytes())),
                ("target", value::bytes(letter.target.as_bytes())),
                ("order", value::bytes(letter.order.as_bytes())),
                ("attempts", value::int(letter.attempts)),
                ("error", value::bytes(letter.error.as_bytes())),
                ("updated_at_ms", value::int(letter.updated_at_ms)),
            ])
            .map(value::array)
        });
        value::list(rows.collect::<PhpResult<Vec<_>>>()?)
    }

    /// Stops process() for all workers, until resume().
    #[php(name = "pause")]
    pub fn pause(&self, reason: &str) -> PhpResult<()> {
        self.outbox.pause(reason).map_err(throw::store)
    }

    /// Lets process() send again, also what is left from before a pause.
    #[php(name = "resume")]
    pub fn resume(&self) -> PhpResult<()> {
        self.outbox.resume().map_err(throw::store)
    }

    /// Erases the payloads of writes that ended before: sent, cancelled or discarded. The rows
    /// stay, and know a write that is recorded again. Returns how many rows it looked at: fewer
    /// than $limit mean that nothing is left.
    #[php(name = "erasePayloads", defaults(limit = 1000))]
    pub fn erase_payloads(&self, olderThanS: i64, limit: i64) -> PhpResult<i64> {
        let older_than = Duration::from_secs(u64::try_from(olderThanS).unwrap_or(0));
        let looked_at = self.outbox.erase_payloads(older_than, size(limit));
        let looked_at = looked_at.map_err(throw::store)?;
        Ok(i64::try_from(looked_at).unwrap_or(i64::MAX))
    }

    /// Deletes at most $limit ended writes older than this; how many went.
    #[php(name = "purge", defaults(limit = 1000))]
    pub fn purge(&self, olderThanS: i64, limit: i64) -> PhpResult<i64> {
        let older_than = Duration::from_secs(u64::try_from(olderThanS).unwrap_or(0));
        let purged = self.outbox.purge(older_than, size(limit));
        let purged = purged.map_err(throw::store)?;
        Ok(i64::try_from(purged).unwrap_or(i64::MAX))
    }
}
