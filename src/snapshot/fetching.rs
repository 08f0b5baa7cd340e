//! Looking at the vendor, and writing what was seen.
//!
//! The row is read first, then the vendor is asked, then the row is replaced if it still has the
//! version that was read. Whoever loses that race asks again, a bounded number of times.

use std::time::Duration;

use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::row::{Cause, Detail, Entity, Next, Seen, next, standing_and_shape};
use super::{Snapshot, SnapshotError, contraction};
use crate::clock;
use crate::http::{Answer, CallError, CallErrorKind, Fetch, Request, Sent};
use crate::policy;
use crate::store::{Kind, Record, Store, StoreError};

/// How often the vendor is asked when other writers keep being first.
pub(crate) const RACES_AT_MOST: usize = 5;

/// All but RFC 3986's unreserved characters: an id is one path segment, whatever is in it.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a look at the vendor would write.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// What would be written.
    pub(crate) next: Next,
    /// The JSON of the entity; `None` when it is gone.
    pub(crate) json: Option<Vec<u8>>,
}

/// A question to the vendor, and what was stored before it was asked.
pub(super) struct Question {
    stored: Option<Record>,
    asked_at_ms: i64,
    is_conditional: bool,
    pub(super) request: Request,
}

/// Reads the row, and makes the request that asks for what comes after it.
///
/// # Errors
/// When the store cannot be read, or what comes must not be written (`contraction`).
pub(super) fn question(
    store: &dyn Store,
    entity: &Entity<'_>,
    total: Option<Duration>,
) -> Result<Question, SnapshotError> {
    contraction::check(store, entity)?;
    let stored = store.read(Kind::Snapshot, &entity.key())?;
    let asked_at_ms = store.now_ms()?;
    let id = utf8_percent_encode(entity.id, SEGMENT).to_string();
    let mut request = Request::new(Method::GET, entity.rule.path.replace("{id}", &id));
    request
        .headers
        .push(("Accept".to_owned(), b"application/json".to_vec()));
    request.total = total;
    let conditions = conditions(entity, stored.as_ref());
    let is_conditional = !conditions.is_empty();
    request.headers.extend(conditions);
    Ok(Question {
        stored,
        asked_at_ms,
        is_conditional,
        request,
    })
}

/// What follows from the vendor's answer.
///
/// # Errors
/// When it is no usable answer.
pub(super) fn conclusion(
    entity: &Entity<'_>,
    question: &Question,
    answer: Answer,
    cause: Cause<'_>,
) -> Result<Fetched, SnapshotError> {
    let seen = seen_in(entity, question, answer)?;
    let stored = question.stored.as_ref();
    Ok(would_write(
        entity,
        stored,
        &seen,
        cause,
        question.asked_at_ms,
    ))
}

/// Reads the row and asks the vendor; writes nothing.
///
/// # Errors
/// When the store cannot be read, or the vendor gave no usable answer.
pub(super) fn look(
    store: &dyn Store,
    fetch: &dyn Fetch,
    entity: &Entity<'_>,
    cause: Cause<'_>,
    total: Option<Duration>,
) -> Result<Fetched, SnapshotError> {
    let question = question(store, entity, total)?;
    let answer = fetch.fetch(&question.request)?;
    conclusion(entity, &question, answer, cause)
}

/// What follows from what was seen.
pub(super) fn would_write(
    entity: &Entity<'_>,
    stored: Option<&Record>,
    seen: &Seen,
    cause: Cause<'_>,
    asked_at_ms: i64,
) -> Fetched {
    let next = next(entity, stored, seen, cause, asked_at_ms);
    let json = match seen {
        Seen::Content { json, .. } if !next.is_outrun => Some(json.clone()),
        Seen::Content { .. } | Seen::Unchanged => stored
            .filter(|record| !Detail::of(record).gone)
            .and_then(|record| record.payload.clone()),
        Seen::GoneAt(_) if next.is_outrun => stored.and_then(|record| record.payload.clone()),
        Seen::Gone | Seen::GoneAt(_) => None,
    };
    Fetched { next, json }
}

/// Writes what was seen, unless another writer was first.
///
/// # Errors
/// When the store failed: nothing was written.
pub(crate) fn write(store: &dyn Store, next: &Next) -> Result<bool, StoreError> {
    match next.replaces {
        Some(version) => store.replace(Kind::Snapshot, &next.record, version),
        None => store.insert(Kind::Snapshot, &next.record),
    }
}

/// Asks and writes until the write stands.
///
/// # Errors
/// As [`look`]; a lost race after the last try.
pub(super) fn look_and_write(
    store: &dyn Store,
    fetch: &dyn Fetch,
    entity: &Entity<'_>,
    total: Option<Duration>,
) -> Result<Fetched, SnapshotError> {
    for _ in 0..RACES_AT_MOST {
        let fetched = look(store, fetch, entity, Cause::Fetch, total)?;
        if write(store, &fetched.next)? {
            return Ok(fetched);
        }
    }
    Err(StoreError::lost_race().into())
}

/// The view of what was written.
pub(super) fn view(
    store: &dyn Store,
    entity: &Entity<'_>,
    fetched: Fetched,
) -> Result<Snapshot, SnapshotError> {
    let Some(json) = fetched.json else {
        return Err(missing(entity, None));
    };
    let record = Record {
        payload: Some(json),
        ..fetched.next.record
    };
    Ok(Snapshot::of(entity, record, store.now_ms()?))
}

/// There is nothing to show.
pub(super) fn missing(entity: &Entity<'_>, cause: Option<CallError>) -> SnapshotError {
    SnapshotError::Missing {
        connection: entity.connection.to_owned(),
        resource: entity.resource.to_owned(),
        id: entity.id.to_owned(),
        cause: cause.map(Box::new),
    }
}

/// Refuses what is no JSON, by the rules of PHP's decoder: UTF-8, at most 128 levels.
pub(super) fn check_json(entity: &Entity<'_>, json: &[u8]) -> Result<(), SnapshotError> {
    let is_json = std::str::from_utf8(json)
        .is_ok_and(|text| serde_json::from_str::<serde_json::Value>(text).is_ok());
    if is_json {
        return Ok(());
    }
    Err(SnapshotError::Unusable {
        connection: entity.connection.to_owned(),
        resource: entity.resource.to_owned(),
        id: entity.id.to_owned(),
        message: format!("{} bytes that are no JSON; nothing was stored", json.len()),
    })
}

fn seen_in(
    entity: &Entity<'_>,
    question: &Question,
    answer: Answer,
) -> Result<Seen, SnapshotError> {
    match answer.status {
        200..=299 => {
            check_json(entity, &answer.body)?;
            Ok(Seen::Content {
                etag: field(&answer, "etag"),
                last_modified: field(&answer, "last-modified"),
                json: answer.body.to_vec(),
            })
        }
        304 if question.is_conditional => Ok(Seen::Unchanged),
        404 | 410 => Ok(Seen::Gone),
        _ => Err(status_error(entity.connection, answer).into()),
    }
}

/// The stored validators, both where the vendor gave both (RFC 9110, section 13.1.3). None where
/// an unchanged answer would leave nothing to show, or a shape that is to be replaced.
fn conditions(entity: &Entity<'_>, stored: Option<&Record>) -> Vec<(String, Vec<u8>)> {
    let Some(stored) = stored.filter(|stored| stored.payload.is_some()) else {
        return Vec::new();
    };
    let detail = Detail::of(stored);
    if detail.gone || standing_and_shape(&stored.state).1 != entity.rule.schema.version {
        return Vec::new();
    }
    let etag = detail.etag.map(|etag| ("If-None-Match", etag));
    let since = detail.last_modified.map(|at| ("If-Modified-Since", at));
    etag.into_iter()
        .chain(since)
        .map(|(name, value)| (name.to_owned(), value.into_bytes()))
        .collect()
}

fn field(answer: &Answer, name: &str) -> Option<String> {
    answer.headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// An answer that is none: the vendor's status says so.
pub(super) fn status_error(connection: &str, answer: Answer) -> CallError {
    let retry_after = answer.headers.get(http::header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| {
        let date = answer.headers.get(http::header::DATE);
        let date = date.map(http::HeaderValue::as_bytes);
        policy::retry_after::parse(value.as_bytes(), date, clock::unix())
    });
    CallError {
        connection: connection.to_owned(),
        message: format!("the vendor answered {}", answer.status),
        sent: Sent::Yes,
        attempts: answer.attempts,
        elapsed: answer.elapsed,
        status: Some(answer.status),
        retry_after: retry_after.map(|found| found.wait),
        correlation_id: answer.correlation_id.clone(),
        kind: CallErrorKind::Status(Box::new(answer)),
    }
}
