//! `Causeway\Backfill`: a resumable walk over a vendor's list.

use std::rc::Rc;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::client::PhpClient;
use super::connection::Connection;
use super::snapshots::snapshots_of;
use super::{callbacks, durable, throw, value};
use crate::snapshot::{Backfill, BackfillOptions};

/// A resumable walk over a vendor's list. Rows and cursor of a chunk are stored in one
/// transaction: a killed run goes on without a gap or a double.
#[php_class]
#[php(name = "Causeway\\Backfill", flags = ClassFlags::Final)]
pub struct PhpBackfill {
    connection: Rc<Connection>,
    backfill: Backfill,
}

#[php_impl]
impl PhpBackfill {
    /// A walk that fills the snapshots of this resource.
    ///
    /// @param array<string, mixed> $options
    ///   path (required); items ('/items'), id ('/id'), total ('/total', where the vendor says it)
    ///   and tombstone (what marks an item as deleted) as JSON pointers; cursor {by: 'cursor', in:
    ///   'cursor', out: '/next_cursor'}, {by: 'page', in: 'page', start: 1}, {by: 'offset', in:
    ///   'offset'}, {by: 'link'} for Link fields, or {by: 'since', in: 'since', out: '/updated_at',
    ///   start} for a list that is sorted by the time of the last change, which a later run goes on
    ///   with; query {name: value}; page_param ('limit'), page_size (500; halved while the vendor
    ///   refuses it), chunk (500 rows a transaction), patience_ms (300000: how long a run waits for
    ///   one page while the vendor limits it), lease_ms (10000).
    ///
    /// @throws \Causeway\Exception\OptionsException
    pub fn __construct(
        client: &PhpClient,
        resource: &str,
        options: &ZendHashTable,
    ) -> PhpResult<Self> {
        let connection = Rc::clone(client.connection());
        let name = &connection.client.plan().name;
        let options = value::options(name, Some(options))?;
        let options =
            BackfillOptions::parse(&options).map_err(|error| throw::options(name, &error))?;
        let snapshots = snapshots_of(&connection, "Backfill")?;
        let backfill =
            Backfill::new(snapshots, resource, options).map_err(durable::snapshot_error)?;
        Ok(Self {
            connection,
            backfill,
        })
    }

    /// Runs until the list's end, or for $maxChunks chunks; goes on where an earlier run stopped.
    ///
    /// @param callable(int, ?int): void|null $progress
    ///   Gets the rows so far and the total, where the vendor says it, after each chunk.
    ///
    /// @return array{rows: int, chunks: int, done: bool}
    ///
    /// @throws \Causeway\Exception\InProgressException
    ///   When another runner has it.
    #[php(name = "run")]
    pub fn run(
        &self,
        progress: Option<ZendCallable<'_>>,
        maxChunks: Option<i64>,
    ) -> PhpResult<ZBox<ZendHashTable>> {
        let fetcher = self.connection.fetcher();
        let max_chunks = maxChunks.and_then(|chunks| u64::try_from(chunks).ok());
        let report = match progress {
            Some(callable) => {
                let mut tell = |rows: u64, total: Option<u64>| {
                    let total = total.map_or_else(Zval::null, count);
                    callbacks::call(&callable, vec![&count(rows), &total]).map(|_| ())
                };
                self.backfill.run(&fetcher, Some(&mut tell), max_chunks)
            }
            None => self.backfill.run(&fetcher, None, max_chunks),
        };
        let report = report.map_err(durable::backfill_error)?;
        value::record([
            ("rows", count(report.rows)),
            ("chunks", count(report.chunks)),
            ("done", value::truth(report.is_done)),
        ])
    }

    /// Where it stands.
    ///
    /// @return array{cursor: ?string, rows: int, done: bool, updated_at_ms: int}
    #[php(name = "state")]
    pub fn state(&self) -> PhpResult<ZBox<ZendHashTable>> {
        let state = self.backfill.state().map_err(durable::backfill_error)?;
        value::record([
            ("cursor", value::optional_text(state.cursor.as_deref())),
            ("rows", count(state.rows)),
            ("done", value::truth(state.is_done)),
            ("updated_at_ms", value::int(state.updated_at_ms)),
        ])
    }

    /// Starts over at the next run; the snapshots stay.
    #[php(name = "reset")]
    pub fn reset(&self) -> PhpResult<()> {
        self.backfill.reset().map_err(durable::backfill_error)
    }
}

pub(super) fn count(number: u64) -> Zval {
    value::int(i64::try_from(number).unwrap_or(i64::MAX))
}
