//! What a comparison found: counts, and the first ids of each kind.

use std::collections::BTreeMap;

use serde::Serialize;

/// Ids of each kind that a report names.
const NAMED_AT_MOST: usize = 50;

/// What an item of the list, or its absence, says about the snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// There is none.
    Same,
    /// The snapshot is newer than the list.
    Newer,
    /// Its content was another.
    Changed,
    /// There was no snapshot.
    Missing,
    /// The vendor marks it as deleted.
    Deleted,
    /// The list does not name it.
    Absent,
}

/// What a comparison found and did.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ReconcileReport {
    /// Items of the list that were compared.
    pub listed: u64,
    /// Their snapshot was the same.
    pub same: u64,
    /// Their snapshot was newer than the list.
    pub newer: u64,
    /// Their snapshot had other content.
    pub changed: u64,
    /// They had no snapshot.
    pub missing: u64,
    /// The vendor marks them as deleted.
    pub deleted: u64,
    /// Snapshots that the list does not name; 0 where nobody asked for them.
    pub absent: u64,
    /// Snapshots before the absent ones were looked for.
    pub known: u64,
    /// Rows that were written.
    pub repaired: u64,
    /// The list's end was reached.
    pub is_complete: bool,
    /// Nothing was to be written.
    pub is_dry_run: bool,
    /// Why the absent ones were left as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The first ids of each difference.
    pub ids: BTreeMap<Difference, Vec<String>>,
}

impl ReconcileReport {
    pub(super) fn new(is_dry_run: bool) -> Self {
        Self {
            is_dry_run,
            ..Self::default()
        }
    }

    /// Counts an item of the list, or an absent one.
    pub(super) fn found(&mut self, difference: Difference, id: &str) {
        let count = match difference {
            Difference::Same => &mut self.same,
            Difference::Newer => &mut self.newer,
            Difference::Changed => &mut self.changed,
            Difference::Missing => &mut self.missing,
            Difference::Deleted => &mut self.deleted,
            Difference::Absent => &mut self.absent,
        };
        *count += 1;
        if difference != Difference::Absent {
            self.listed += 1;
        }
        if difference != Difference::Same {
            let ids = self.ids.entry(difference).or_default();
            if ids.len() < NAMED_AT_MOST {
                ids.push(id.to_owned());
            }
        }
    }

    /// The report as JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
