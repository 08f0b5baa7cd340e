//! One page of a vendor's list.
//!
//! Items are kept as the bytes that their JSON is written with anew: a page has no bytes of a
//! single item's own that a checksum could be compared with. So a row from a list and the same
//! entity from its own address may differ in spacing; a webhook's fetch then counts as a change.

use http::Method;
use serde_json::Value;

use super::{BackfillError, BackfillOptions};
use crate::http::{Fetch, Request};
use crate::snapshot::SnapshotError;
use crate::snapshot::fetching::status_error;

/// An item of a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) json: String,
    /// When its page was asked for, Unix milliseconds of the store's clock.
    pub(super) asked_at_ms: i64,
}

/// A page.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) next: Option<String>,
    pub(super) total: Option<u64>,
}

impl Page {
    /// Fetches the page that begins at the cursor.
    pub(super) fn fetch(
        fetch: &dyn Fetch,
        connection: &str,
        options: &BackfillOptions,
        cursor: Option<&str>,
        asked_at_ms: i64,
    ) -> Result<Self, BackfillError> {
        let mut request = Request::new(Method::GET, options.path.clone());
        request
            .headers
            .push(("Accept".to_owned(), b"application/json".to_vec()));
        request.query.clone_from(&options.query);
        request
            .query
            .push((options.page_param.clone(), options.page_size.to_string()));
        if let Some(cursor) = cursor {
            request
                .query
                .push((options.cursor_in.clone(), cursor.to_owned()));
        }
        let answer = fetch.fetch(&request).map_err(SnapshotError::Call)?;
        if !(200..=299).contains(&answer.status) {
            return Err(SnapshotError::Call(status_error(connection, answer)).into());
        }
        let refuse =
            |message: &str| BackfillError::from(unusable(connection, &options.path, message));
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|_| refuse("a page that is no JSON"))?;
        let items = body.pointer(&options.items).and_then(Value::as_array);
        let items = items.ok_or_else(|| refuse("a page without a list of items"))?;
        let row = |item: &Value| {
            let id = item.pointer(&options.id).and_then(text_of)?;
            Some(Row {
                id,
                json: item.to_string(),
                asked_at_ms,
            })
        };
        let rows: Option<Vec<Row>> = items.iter().map(row).collect();
        let rows = rows.ok_or_else(|| refuse("an item without an id"))?;
        let next = body.pointer(&options.cursor_out).and_then(text_of);
        if rows.is_empty() && next.is_some() {
            // A vendor could go on with this for ever.
            return Err(refuse("an empty page that is not the last"));
        }
        let total = options
            .total
            .as_deref()
            .and_then(|at| body.pointer(at)?.as_u64());
        Ok(Self { rows, next, total })
    }
}

/// A list that cannot be walked.
pub(super) fn unusable(connection: &str, path: &str, message: &str) -> SnapshotError {
    SnapshotError::Unusable {
        connection: connection.to_owned(),
        resource: "list".to_owned(),
        id: path.to_owned(),
        message: message.to_owned(),
    }
}

/// A text that is not empty, or a whole number.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => None,
    }
}
