//! `Causeway\Backfill`: a resumable walk over a vendor's list.

use std::rc::Rc;
use std::time::Duration;

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::client::PhpClient;
use super::connection::Connection;
use super::snapshots::snapshots_of;
use super::{callbacks, durable, throw, value};
use crate::options::{Fields, OptionError, Value};
use crate::snapshot::{Backfill, BackfillOptions};

/// A resumable walk over a vendor's list. Rows and cursor of a chunk are stored in one
/// transaction: a killed run goes on without a gap or a double.
#[php_class]
#[php(name = "Causeway\\Backfill", flags = ClassFlags::Final)]
pub struct PhpBackfill {
    connection: Rc<Connection>,
    backfill: Backfill,
}

fn read(options: &Value) -> Result<BackfillOptions, OptionError> {
    let mut fields = Fields::new(options)?;
    let path = fields.text("path")?;
    let path = fields.required("path", path, "the list's path below base_uri")?;
    let count = |number: Option<i64>, default: u32| {
        number
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default)
    };
    let mut cursor = fields.section("cursor")?;
    let (mut cursor_in, mut cursor_out) = (None, None);
    if let Some(cursor) = cursor.as_mut() {
        cursor_in = cursor.text("in")?;
        cursor_out = cursor.text("out")?;
    }
    cursor.map_or(Ok(()), Fields::finish)?;
    let read = BackfillOptions {
        path,
        items: fields.text("items")?.unwrap_or_else(|| "/items".to_owned()),
        id: fields.text("id")?.unwrap_or_else(|| "/id".to_owned()),
        cursor_in: cursor_in.unwrap_or_else(|| "cursor".to_owned()),
        cursor_out: cursor_out.unwrap_or_else(|| "/next_cursor".to_owned()),
        page_param: fields
            .text("page_param")?
            .unwrap_or_else(|| "limit".to_owned()),
        page_size: count(fields.int("page_size", 1..=10_000)?, 500),
        chunk: count(fields.int("chunk", 1..=100_000)?, 500),
        total: Some(fields.text("total")?.unwrap_or_else(|| "/total".to_owned())),
        query: Vec::new(),
        lease: fields
            .millis("lease_ms", 100..=3_600_000)?
            .unwrap_or(Duration::from_secs(10)),
    };
    fields.finish()?;
    Ok(read)
}

#[php_impl]
impl PhpBackfill {
    /// A walk that fills the snapshots of this resource.
    ///
    /// @param array<string, mixed> $options
    ///   path (required), items ('/items') and id ('/id') as JSON pointers, cursor {in: 'cursor',
    ///   out: '/next_cursor'}, page_param ('limit'), page_size (500), chunk (500 rows a
    ///   transaction), total ('/total', where the vendor says it), lease_ms (10000).
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
        let options = read(&options).map_err(|error| throw::options(name, &error))?;
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

fn count(number: u64) -> Zval {
    value::int(i64::try_from(number).unwrap_or(i64::MAX))
}
