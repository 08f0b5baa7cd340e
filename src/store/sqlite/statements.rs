//! The statements of each kind, in both layouts of the file.
//!
//! Table names cannot be bound, so a macro writes them for each kind. All but the payloads is the
//! same in both layouts.

use super::Kind;
use super::schema::Layout;

/// The statements of one kind.
pub(super) struct Sql {
    pub(super) insert: &'static str,
    /// After an insert: key, payload.
    pub(super) insert_payload: &'static str,
    pub(super) read: &'static str,
    pub(super) replace: &'static str,
    /// Key, payload.
    pub(super) replace_payload: &'static str,
    pub(super) counts: &'static str,
    pub(super) delete: &'static str,
    pub(super) delete_payload: &'static str,
    pub(super) purgeable: &'static str,
}

/// One kind's statements. `$table` is the table's name, `$column` what a payload belongs to, and
/// `$of_new` and `$of_key` its value for the record that was just inserted and for a key.
macro_rules! statements {
    ($table:literal, $column:literal, $of_new:expr, $of_key:expr) => {
        Sql {
            insert: concat!(
                "INSERT INTO ",
                $table,
                " (key, scope, label, state, version, due_at_ms, lease_until_ms, token, attempts, ",
                "checksum, created_at_ms, updated_at_ms, detail) ",
                "VALUES (?1, ?2, ?3, ?4, 1, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ",
                "ON CONFLICT (key) DO NOTHING"
            ),
            insert_payload: concat!(
                "INSERT INTO ",
                $table,
                "_payload VALUES (",
                $of_new,
                ", ?2) ON CONFLICT (",
                $column,
                ") DO UPDATE SET payload = excluded.payload"
            ),
            read: concat!(
                "SELECT r.*, p.payload FROM ",
                $table,
                " r LEFT JOIN ",
                $table,
                "_payload p ON p.",
                $column,
                " = r.",
                $column,
                " WHERE r.key = ?1"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET state = ?2, version = version + 1, due_at_ms = ?3, ",
                "lease_until_ms = ?4, token = ?5, attempts = ?6, checksum = ?7, ",
                "updated_at_ms = ?8, detail = ?9 WHERE key = ?1 AND version = ?10"
            ),
            replace_payload: concat!(
                "INSERT INTO ",
                $table,
                "_payload VALUES (",
                $of_key,
                ", ?2) ON CONFLICT (",
                $column,
                ") DO UPDATE SET payload = excluded.payload"
            ),
            counts: concat!(
                "SELECT scope, state, count(*), min(due_at_ms) FROM ",
                $table,
                " GROUP BY scope, state ORDER BY scope, state"
            ),
            delete: concat!("DELETE FROM ", $table, " WHERE key = ?1"),
            delete_payload: concat!(
                "DELETE FROM ",
                $table,
                "_payload WHERE ",
                $column,
                " = ",
                $of_key
            ),
            purgeable: concat!(
                "SELECT key FROM ",
                $table,
                " WHERE state = ?1 AND due_at_ms < ?2 ORDER BY due_at_ms LIMIT ?3"
            ),
        }
    };
}

macro_rules! by_id {
    ($table:literal) => {
        statements!(
            $table,
            "id",
            "last_insert_rowid()",
            concat!("(SELECT id FROM ", $table, " WHERE key = ?1)")
        )
    };
}

macro_rules! by_key {
    ($table:literal) => {
        statements!($table, "key", "?1", "?1")
    };
}

/// In the order of [`Kind::ALL`].
static BY_ID: [Sql; 5] = [
    by_id!("causeway_inbox"),
    by_id!("causeway_outbox"),
    by_id!("causeway_snapshot"),
    by_id!("causeway_cursor"),
    by_id!("causeway_switch"),
];

static BY_KEY: [Sql; 5] = [
    by_key!("causeway_inbox"),
    by_key!("causeway_outbox"),
    by_key!("causeway_snapshot"),
    by_key!("causeway_cursor"),
    by_key!("causeway_switch"),
];

/// The statements of a kind.
pub(super) fn sql(layout: Layout, kind: Kind) -> &'static Sql {
    let [inbox, outbox, snapshot, cursor, switch] = match layout {
        Layout::ById => &BY_ID,
        Layout::ByKey => &BY_KEY,
    };
    match kind {
        Kind::Inbox => inbox,
        Kind::Outbox => outbox,
        Kind::Snapshot => snapshot,
        Kind::Cursor => cursor,
        Kind::Switch => switch,
    }
}
