//! What a store keeps: one shape for every kind, so that a store knows no rule.
//!
//! The rooms above decide what a state means and which record follows which; a store compares
//! keys and versions, and nothing else. Times are Unix milliseconds of the store's own clock.

use serde::{Deserialize, Serialize};

use super::Key;

/// Looks at a clock that was not set back are not further apart.
const OUT_OF_ORDER_MS: i64 = 1000;

/// What a record is about; each kind has tables of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Webhooks in, and everything else that the ledger guards.
    Inbox,
    /// Writes out.
    Outbox,
    /// Last good answers.
    Snapshot,
    /// Where a backfill stands.
    Cursor,
    /// What is switched off.
    Switch,
}

impl Kind {
    /// Every kind, in the order of the tables.
    pub const ALL: [Self; 5] = [
        Self::Inbox,
        Self::Outbox,
        Self::Snapshot,
        Self::Cursor,
        Self::Switch,
    ];

    /// The name: `inbox`; its table is `causeway_inbox`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::Outbox => "outbox",
            Self::Snapshot => "snapshot",
            Self::Cursor => "cursor",
            Self::Switch => "switch",
        }
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its name within the kind.
    pub key: Key,
    /// What it belongs to: a source of events, `connection/resource`.
    pub scope: String,
    /// What people call it: an event's id, an entity's id.
    pub label: String,
    /// Where it stands; the room above gives the words.
    pub state: String,
    /// Rises by one with each replacement; 1 when inserted.
    pub version: i64,
    /// When it wants attention next, Unix milliseconds.
    pub due_at_ms: i64,
    /// Until when somebody holds it, Unix milliseconds; 0 when nobody does.
    pub lease_until_ms: i64,
    /// The fencing token: rises with each claim.
    pub token: i64,
    /// Attempts that were begun.
    pub attempts: i64,
    /// SHA-256 of the payload as 64 hex digits, or empty.
    pub checksum: String,
    /// When it was inserted, Unix milliseconds.
    pub created_at_ms: i64,
    /// When it was last replaced, Unix milliseconds.
    pub updated_at_ms: i64,
    /// What else is known, a JSON object.
    pub detail: String,
    /// The bytes that it stands for. In a replacement `None` leaves what is stored.
    #[serde(skip)]
    pub payload: Option<Vec<u8>>,
}

impl Record {
    /// A new record, due now, with nothing known yet.
    pub fn new(key: Key, scope: &str, label: &str, state: &str, now_ms: i64) -> Self {
        Self {
            key,
            scope: scope.to_owned(),
            label: label.to_owned(),
            state: state.to_owned(),
            version: 1,
            due_at_ms: now_ms,
            lease_until_ms: 0,
            token: 0,
            attempts: 0,
            checksum: String::new(),
            created_at_ms: now_ms,
            updated_at_ms: now_ms,
            detail: "{}".to_owned(),
            payload: None,
        }
    }

    /// Whether it was written by a clock that was ahead, and was set back since. What it says of
    /// times to come is wrong by as much. Two looks at one clock may be a moment out of order.
    pub fn is_ahead(&self, now_ms: i64) -> bool {
        self.updated_at_ms > now_ms.saturating_add(OUT_OF_ORDER_MS)
    }
}

/// How many records of a scope are in a state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// Their scope.
    pub scope: String,
    /// Their state.
    pub state: String,
    /// How many there are.
    pub count: i64,
    /// When the first of them is or was due, Unix milliseconds.
    pub oldest_due_at_ms: i64,
}
