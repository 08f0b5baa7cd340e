//! One page of a vendor's list.
//!
//! Items are kept as the bytes that their JSON is written with anew: a page has no bytes of a
//! single item's own. Whether a content is another one is decided by its values, not by its
//! bytes, so a row from a list and the same entity from its own address are the same.

use http::Method;
use serde_json::Value;

use super::{ListOptions, Paging};
use crate::http::{Answer, Fetch, Request};
use crate::snapshot::SnapshotError;
use crate::snapshot::fetching::status_error;

/// An item of a list.
#[derive(Clone, Debug)]
pub(in crate::snapshot) struct Row {
    pub(in crate::snapshot) id: String,
    pub(in crate::snapshot) json: String,
    /// The vendor says that it was deleted.
    pub(in crate::snapshot) is_deleted: bool,
    /// When its page was asked for, Unix milliseconds of the store's clock.
    pub(in crate::snapshot) asked_at_ms: i64,
}

/// A page.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    pub(super) total: Option<u64>,
    /// The next cursor, the next page's target, or the last item's time.
    pub(super) out: Option<String>,
}

impl Page {
    /// Fetches the page that begins at this place.
    pub(super) fn fetch(
        fetch: &dyn Fetch,
        connection: &str,
        options: &ListOptions,
        at: Option<&str>,
        size: u32,
        asked_at_ms: i64,
    ) -> Result<Self, SnapshotError> {
        let mut request = Request::new(Method::GET, options.path.clone());
        request
            .headers
            .push(("Accept".to_owned(), b"application/json".to_vec()));
        request.query.clone_from(&options.query);
        request
            .query
            .push((options.page_param.clone(), size.to_string()));
        options.paging.ask(&mut request, at);
        let answer = fetch.fetch(&request)?;
        if !(200..=299).contains(&answer.status) {
            return Err(status_error(connection, answer).into());
        }
        Self::read(&answer, options, asked_at_ms)
            .map_err(|message| unusable(connection, &options.path, message))
    }

    fn read(
        answer: &Answer,
        options: &ListOptions,
        asked_at_ms: i64,
    ) -> Result<Self, &'static str> {
        let body: Value =
            serde_json::from_slice(&answer.body).map_err(|_| "a page that is no JSON")?;
        let items = body.pointer(&options.items).and_then(Value::as_array);
        let items = items.ok_or("a page without a list of items")?;
        let row = |item: &Value| {
            Some(Row {
                id: item.pointer(&options.id).and_then(text_of)?,
                json: item.to_string(),
                is_deleted: options
                    .tombstone
                    .as_deref()
                    .is_some_and(|at| item.pointer(at).is_some_and(is_truthy)),
                asked_at_ms,
            })
        };
        let rows: Option<Vec<Row>> = items.iter().map(row).collect();
        let out = match &options.paging {
            Paging::Cursor { out, .. } => body.pointer(out).and_then(text_of),
            Paging::Since { out, .. } => newest(items, out)?,
            Paging::Link => next_link(answer, &options.path)?,
            Paging::Page { .. } | Paging::Offset { .. } => None,
        };
        let total = options
            .total
            .as_deref()
            .and_then(|at| body.pointer(at)?.as_u64());
        Ok(Self {
            rows: rows.ok_or("an item without an id")?,
            total,
            out,
        })
    }
}

/// The last item's time; the others must not be later.
fn newest(items: &[Value], pointer: &str) -> Result<Option<String>, &'static str> {
    let times: Option<Vec<String>> = items
        .iter()
        .map(|item| item.pointer(pointer).and_then(text_of))
        .collect();
    let mut times = times.ok_or("an item without the time that the list is walked by")?;
    let ranks = items
        .iter()
        .map(|item| crate::snapshot::order::rank(item.pointer(pointer)?));
    // Times of another form than RFC 3339 compare as texts.
    let is_sorted = match ranks.collect::<Option<Vec<i64>>>() {
        Some(ranks) => ranks.is_sorted(),
        None => times.is_sorted(),
    };
    if !is_sorted {
        return Err("a list that is not sorted by the time that it is walked by, oldest first");
    }
    Ok(times.pop())
}

/// The target of the link to the next page, on the connection's own origin whatever origin the
/// vendor writes: credentials go nowhere else.
fn next_link(answer: &Answer, path: &str) -> Result<Option<String>, &'static str> {
    const MALFORMED: &str = "a page whose Link field cannot be read";
    let lines = answer.headers.get_all(http::header::LINK);
    let links = crate::http::link::parse(lines.iter().map(http::HeaderValue::as_bytes));
    let links = links.map_err(|_| MALFORMED)?;
    let Some(target) = crate::http::link::target_of(&links, "next") else {
        return Ok(None);
    };
    if target.starts_with('?') {
        let bare = path.split('?').next().unwrap_or(path);
        return Ok(Some(format!("{bare}{target}")));
    }
    match url::Url::parse(target) {
        Ok(url) => {
            let query = url.query().map(|query| format!("?{query}"));
            Ok(Some(format!("{}{}", url.path(), query.unwrap_or_default())))
        }
        Err(url::ParseError::RelativeUrlWithoutBase) if !target.starts_with("//") => {
            Ok(Some(target.to_owned()))
        }
        Err(_) => Err(MALFORMED),
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

/// Whether a value says yes: not null, false, zero or empty.
fn is_truthy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Bool(true) | Value::Array(_) | Value::Object(_) => true,
    }
}
