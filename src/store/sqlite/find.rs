//! The statement that looks for records: what is due, oldest first.
//!
//! One branch for each state, each of which reads its own stretch of an index in the order that is
//! wanted and stops at the limit: the cost is that of the rows found, however many there are. A
//! list of states in one condition would collect and sort every row that matches.

use rusqlite::types::Value;

use super::schema::Layout;
use super::{Kind, Query};

/// The statement; [`values`] are bound to it. Without states it would be empty.
pub(super) fn sql(layout: Layout, kind: Kind, query: &Query<'_>) -> String {
    let table = format!("causeway_{}", kind.name());
    let of_scope = if query.scope.is_some() {
        " AND scope = ?4"
    } else {
        ""
    };
    let index = index_of(&table, query.scope.is_some());
    let branches: Vec<String> = (0..query.states.len())
        .map(|number| {
            let state = number + FIXED_VALUES + 1;
            format!(
                "SELECT * FROM (SELECT * FROM {table} INDEXED BY {index} \
                 WHERE state = ?{state}{of_scope} \
                 AND (due_at_ms, key) > (?1, ?5) AND due_at_ms <= ?2 \
                 ORDER BY due_at_ms, key LIMIT ?3)"
            )
        })
        .collect();
    let found = branches.join(" UNION ALL ");
    let (payload, join) = if query.with_payload {
        ("p.payload", join(layout, &table))
    } else {
        ("NULL", String::new())
    };
    format!(
        "SELECT r.*, {payload} AS payload FROM ({found}) r{join} \
         ORDER BY r.due_at_ms, r.key LIMIT ?3"
    )
}

fn join(layout: Layout, table: &str) -> String {
    let column = match layout {
        Layout::ById => "id",
        Layout::ByKey => "key",
    };
    format!(" LEFT JOIN {table}_payload p ON p.{column} = r.{column}")
}

/// The index that is named in so many words: without statistics SQLite takes either one for a
/// scope's rows, and through the index of all scopes it would pass over those of a flood.
fn index_of(table: &str, is_of_scope: bool) -> String {
    let what = if is_of_scope { "scope" } else { "due" };
    format!("{table}_{what}")
}

/// How many values stand before the states.
const FIXED_VALUES: usize = 5;

/// What the statement binds: after, until, limit, scope, after's key, then the states.
pub(super) fn values(query: &Query<'_>) -> Vec<Value> {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let scope = query
        .scope
        .map_or(Value::Null, |scope| Value::from(scope.to_owned()));
    let (after_ms, after_key) = query
        .after
        .map_or((i64::MIN, String::new()), |(ms, key)| (ms, key.to_string()));
    let mut values = vec![
        Value::from(after_ms),
        Value::from(query.due_until_ms.unwrap_or(i64::MAX)),
        Value::from(limit),
        scope,
        Value::from(after_key),
    ];
    values.extend(
        query
            .states
            .iter()
            .map(|state| Value::from((*state).to_owned())),
    );
    values
}

/// The statement that counts the records of one state, up to a bound: state, bound, scope.
pub(super) fn count_sql(kind: Kind, scope: Option<&str>) -> String {
    let of_scope = if scope.is_some() {
        " AND scope = ?3"
    } else {
        // Bound all the same, as every parameter is.
        " AND ?3 IS NULL"
    };
    let table = format!("causeway_{}", kind.name());
    let index = index_of(&table, scope.is_some());
    format!(
        "SELECT count(*) FROM (SELECT 1 FROM {table} INDEXED BY {index} \
         WHERE state = ?1{of_scope} LIMIT ?2)"
    )
}
