//! `Causeway\Reconcile`: snapshots compared with a vendor's list.

use std::rc::Rc;

use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::backfill::count;
use super::client::PhpClient;
use super::connection::Connection;
use super::snapshots::snapshots_of;
use super::{callbacks, durable, throw, value};
use crate::snapshot::{Reconcile, ReconcileOptions};

/// Compares the snapshots of a resource with the vendor's list, and repairs only what differs.
#[php_class]
#[php(name = "Causeway\\Reconcile", flags = ClassFlags::Final)]
pub struct PhpReconcile {
    connection: Rc<Connection>,
    reconcile: Reconcile,
}

#[php_impl]
impl PhpReconcile {
    /// A comparison of this resource.
    ///
    /// @param array<string, mixed> $options
    ///   The list's, as a Backfill has them; deletions: 'keep' (only what the list marks as
    ///   deleted goes), 'absent' (what the list does not name is gone) or 'confirm' (the vendor is
    ///   asked for each of those by its id); max_absent (0.1: where a larger share is absent, or
    ///   the list is empty, it is not believed), force, dry_run.
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
            ReconcileOptions::parse(&options).map_err(|error| throw::options(name, &error))?;
        let snapshots = snapshots_of(&connection, "Reconcile")?;
        let reconcile =
            Reconcile::new(snapshots, resource, options).map_err(durable::snapshot_error)?;
        Ok(Self {
            connection,
            reconcile,
        })
    }

    /// Compares the whole list, and repairs; a pause ends it early. Tags that it comes to owe are
    /// paid by Snapshots::settle().
    ///
    /// @param callable(int, ?int): void|null $progress
    ///   Gets the items so far and the total, where the vendor says it, after each page.
    ///
    /// @return array{
    ///   listed: int, same: int, newer: int, changed: int, missing: int, deleted: int, absent: int,
    ///   known: int, repaired: int, is_complete: bool, is_dry_run: bool, refused?: string,
    ///   ids: array<string, list<string>>
    /// }
    ///   refused says why absent snapshots were left as they are; ids has the first 50 of each
    ///   difference.
    ///
    /// @throws \Causeway\Exception\InProgressException
    ///   When another runner has it.
    #[php(name = "run")]
    pub fn run(&self, progress: Option<ZendCallable<'_>>) -> PhpResult<Zval> {
        let fetcher = self.connection.fetcher();
        let report = match progress {
            Some(callable) => {
                let mut tell = |items: u64, total: Option<u64>| {
                    let total = total.map_or_else(Zval::null, count);
                    callbacks::call(&callable, vec![&count(items), &total]).map(|_| ())
                };
                self.reconcile.run(&fetcher, Some(&mut tell))
            }
            None => self.reconcile.run(&fetcher, None),
        };
        let report = report.map_err(durable::backfill_error)?;
        value::json_decode(report.to_json().as_bytes(), 512)
    }

    /// The report of the last run that ended, with at_ms; NULL when none ever did.
    ///
    /// @return array<string, mixed>|null
    #[php(name = "last")]
    pub fn last(&self) -> PhpResult<Zval> {
        let Some((json, at_ms)) = self.reconcile.last().map_err(durable::backfill_error)? else {
            return Ok(Zval::null());
        };
        let mut report = value::json_decode(json.as_bytes(), 512)?;
        if let Some(report) = report.array_mut() {
            report.insert("at_ms", at_ms)?;
        }
        Ok(report)
    }
}
