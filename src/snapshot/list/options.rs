//! How a list is walked: keys, ranges and defaults.

use std::time::Duration;

use super::Paging;
use crate::http::paginate::pointer;
use crate::options::{Fields, OptionError, Value};

const HOUR_MS: i64 = 3_600_000;

/// How a list is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListOptions {
    /// The list, below the base URI.
    pub path: String,
    /// JSON pointer to the items of a page; empty where the page is the list.
    pub items: String,
    /// JSON pointer to the id in an item.
    pub id: String,
    /// JSON pointer to what says, by being neither missing, null, false, 0 nor empty, that an
    /// item was deleted.
    pub tombstone: Option<String>,
    /// How the next page is found.
    pub paging: Paging,
    /// Query parameter that takes the number of items a page.
    pub page_param: String,
    /// Items a page; fewer are asked for where the vendor refuses so many.
    pub page_size: u32,
    /// JSON pointer to the number of all items.
    pub total: Option<String>,
    /// Further query parameters.
    pub query: Vec<(String, String)>,
    /// For how long in all a walk waits for one page, when the vendor says to come back later.
    pub patience: Duration,
}

impl ListOptions {
    /// Takes the list's options out of a section.
    ///
    /// # Errors
    /// An option that is missing, of a wrong type or out of range.
    pub fn take(fields: &mut Fields) -> Result<Self, OptionError> {
        let path = fields.text("path")?;
        let path = fields.required("path", path, "the list's path below base_uri")?;
        let page_size = fields.int("page_size", 1..=10_000)?.unwrap_or(500);
        Ok(Self {
            path,
            items: pointer(fields, "items")?.unwrap_or_else(|| "/items".to_owned()),
            id: pointer(fields, "id")?.unwrap_or_else(|| "/id".to_owned()),
            tombstone: pointer(fields, "tombstone")?,
            paging: Paging::parse(fields.section("cursor")?)?,
            page_param: fields
                .text("page_param")?
                .unwrap_or_else(|| "limit".to_owned()),
            page_size: u32::try_from(page_size).unwrap_or(500),
            total: Some(pointer(fields, "total")?.unwrap_or_else(|| "/total".to_owned())),
            query: query(fields)?,
            patience: fields
                .millis("patience_ms", 0..=24 * HOUR_MS)?
                .unwrap_or(Duration::from_secs(300)),
        })
    }
}

fn query(fields: &mut Fields) -> Result<Vec<(String, String)>, OptionError> {
    const ALLOWED: &str = "an array of names with strings, numbers or booleans";
    let entries = match fields.value("query") {
        None => return Ok(Vec::new()),
        Some(Value::Map(entries)) => entries,
        Some(Value::List(items)) if items.is_empty() => return Ok(Vec::new()),
        Some(other) => return Err(fields.refuse("query", &other, ALLOWED)),
    };
    entries
        .into_iter()
        .map(|(name, value)| {
            let text = match value {
                Value::Str(bytes) => String::from_utf8(bytes).ok(),
                Value::Int(number) => Some(number.to_string()),
                Value::Bool(is_true) => Some(is_true.to_string()),
                Value::Null
                | Value::Float(_)
                | Value::Secret(_)
                | Value::List(_)
                | Value::Map(_) => None,
            };
            let text = text.ok_or_else(|| {
                OptionError::new(
                    fields.name(&format!("query.{name}")),
                    "another value",
                    ALLOWED,
                )
            })?;
            Ok((name, text))
        })
        .collect()
}
