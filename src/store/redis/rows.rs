//! Records as the fields of a Redis hash, both ways, and the searches for them.
//!
//! Numbers are decimal text. A field that is missing or no number is a corrupt record, and the
//! error names the field.

use redis::Value;

use crate::store::{Count, Key, Query, Record, StoreError, StoreErrorKind};

/// A row as `find.lua` and `read` give it: the columns in this order, then the payload.
pub(super) const COLUMNS: [&str; 12] = [
    "scope", "label", "state", "version", "due", "lease", "token", "attempts", "checksum",
    "created", "updated", "detail",
];

/// The columns of a new record.
pub(super) fn all_columns(record: &Record) -> [Vec<u8>; 12] {
    [
        record.scope.clone().into_bytes(),
        record.label.clone().into_bytes(),
        record.state.clone().into_bytes(),
        number(record.version),
        number(record.due_at_ms),
        number(record.lease_until_ms),
        number(record.token),
        number(record.attempts),
        record.checksum.clone().into_bytes(),
        number(record.created_at_ms),
        number(record.updated_at_ms),
        record.detail.clone().into_bytes(),
    ]
}

/// The columns that a replacement changes.
pub(super) fn changing_columns(record: &Record) -> [Vec<u8>; 9] {
    [
        record.state.clone().into_bytes(),
        number(record.version),
        number(record.due_at_ms),
        number(record.lease_until_ms),
        number(record.token),
        number(record.attempts),
        record.checksum.clone().into_bytes(),
        number(record.updated_at_ms),
        record.detail.clone().into_bytes(),
    ]
}

/// A number as an argument.
pub(super) fn number(number: i64) -> Vec<u8> {
    number.to_string().into_bytes()
}

/// What `find.lua` is told.
pub(super) fn find_arguments(kind: &str, query: &Query<'_>) -> Vec<Vec<u8>> {
    let flag = |is_set: bool| if is_set { b"1".to_vec() } else { b"0".to_vec() };
    let (after, behind) = query.after.map_or_else(
        || (b"-inf".to_vec(), Vec::new()),
        |(ms, key)| (number(ms), key.to_string().into_bytes()),
    );
    let until = query.due_until_ms.map_or_else(|| b"+inf".to_vec(), number);
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut arguments = vec![
        kind.as_bytes().to_vec(),
        after,
        behind,
        until,
        number(limit),
        flag(query.scope.is_some()),
        query.scope.unwrap_or_default().as_bytes().to_vec(),
        flag(query.with_payload),
    ];
    arguments.extend(query.states.iter().map(|state| state.as_bytes().to_vec()));
    arguments
}

/// A record from its key and the values of its columns, perhaps with a payload behind them.
pub(super) fn record_of(key: Key, values: Vec<Option<Vec<u8>>>) -> Result<Record, StoreError> {
    let mut values = values.into_iter();
    let mut next = |name: &str| {
        values
            .next()
            .flatten()
            .ok_or_else(|| corrupt(&key, name))
            .and_then(|bytes| String::from_utf8(bytes).map_err(|_| corrupt(&key, name)))
    };
    let scope = next("scope")?;
    let label = next("label")?;
    let state = next("state")?;
    let mut int = |name: &str| next(name)?.parse().map_err(|_| corrupt(&key, name));
    let (version, due_at_ms) = (int("version")?, int("due")?);
    let (lease_until_ms, token, attempts) = (int("lease")?, int("token")?, int("attempts")?);
    let checksum = next("checksum")?;
    let mut int = |name: &str| next(name)?.parse().map_err(|_| corrupt(&key, name));
    let (created_at_ms, updated_at_ms) = (int("created")?, int("updated")?);
    let detail = next("detail")?;
    Ok(Record {
        key,
        scope,
        label,
        state,
        version,
        due_at_ms,
        lease_until_ms,
        token,
        attempts,
        checksum,
        created_at_ms,
        updated_at_ms,
        detail,
        payload: values.next().flatten(),
    })
}

/// A row of `find.lua`.
pub(super) fn found_record(row: Vec<Option<Vec<u8>>>) -> Result<Record, StoreError> {
    let mut row = row;
    let key = if row.is_empty() { None } else { row.remove(0) };
    let key = key
        .and_then(|key| String::from_utf8(key).ok())
        .and_then(|key| Key::parse(&key))
        .ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, "a key is not 64 hex digits"))?;
    record_of(key, row)
}

/// The counts of `counts.lua`, ordered by scope and state.
pub(super) fn counts_of(flat: &[Value]) -> Result<Vec<Count>, StoreError> {
    let bad = || StoreError::new(StoreErrorKind::Corrupt, "a count cannot be understood");
    let mut counts = Vec::new();
    for row in flat.chunks(3) {
        let [name, count, oldest] = row else {
            return Err(bad());
        };
        let text = |value: &Value| redis::from_redis_value::<String>(value.clone()).ok();
        let (name, oldest) = (text(name).ok_or_else(bad)?, text(oldest).ok_or_else(bad)?);
        let (state, scope) = name.split_once('\0').ok_or_else(bad)?;
        counts.push(Count {
            scope: scope.to_owned(),
            state: state.to_owned(),
            count: redis::from_redis_value(count.clone()).map_err(|_| bad())?,
            oldest_due_at_ms: oldest.parse().map_err(|_| bad())?,
        });
    }
    counts.sort_by(|a, b| (&a.scope, &a.state).cmp(&(&b.scope, &b.state)));
    Ok(counts)
}

fn corrupt(key: &Key, field: &str) -> StoreError {
    StoreError::new(
        StoreErrorKind::Corrupt,
        format!("record {key}: the field '{field}' is missing or cannot be understood"),
    )
}
