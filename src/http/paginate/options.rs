//! The option `pages` of a walk: keys, ranges and defaults.

use crate::options::{Fields, OptionError, Value};

const POINTER: &str = "a JSON pointer such as '/items', or '' for the whole";
/// Pages of a walk when the caller does not say.
const MAX_PAGES_DEFAULT: i64 = 1000;
const MAX_PAGES_MAX: i64 = 1_000_000;

/// How a list is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How the next page is found.
    pub way: Way,
    /// JSON pointer to the items of a page; empty when the body is the list.
    pub items: String,
    /// Query parameter and number of the items wanted a page.
    pub size: Option<(String, u64)>,
    /// JSON pointer to the number of all items.
    pub total: Option<String>,
    /// A longer list is an error.
    pub max_pages: u64,
}

/// How the next page is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The field `Link`.
    Link,
    /// A cursor that the page holds.
    Cursor {
        /// Query parameter that takes it.
        parameter: String,
        /// JSON pointer to the next one.
        out: String,
    },
    /// The number of items before the page.
    Offset {
        /// Query parameter that takes it.
        parameter: String,
        /// The first page's.
        start: u64,
    },
    /// The page's number.
    Number {
        /// Query parameter that takes it.
        parameter: String,
        /// The first page's.
        start: u64,
    },
}

#[derive(Clone, Copy)]
enum By {
    Link,
    Cursor,
    Offset,
    Page,
}

impl Options {
    /// Reads the section; left out, a list follows its `Link` fields.
    ///
    /// # Errors
    /// An option that is unknown, of a wrong type or out of range, or does not go with `by`.
    pub fn parse(section: Option<Fields>) -> Result<Self, OptionError> {
        let Some(mut fields) = section else {
            return Ok(Self {
                way: Way::Link,
                items: String::new(),
                size: None,
                total: None,
                max_pages: MAX_PAGES_DEFAULT.unsigned_abs(),
            });
        };
        let choices = [
            ("link", By::Link),
            ("cursor", By::Cursor),
            ("offset", By::Offset),
            ("page", By::Page),
        ];
        let by = fields.one_of("by", &choices)?.unwrap_or(By::Link);
        let items = pointer(&mut fields, "items")?;
        let options = Self {
            items: items.unwrap_or_else(|| match by {
                By::Link => String::new(),
                By::Cursor | By::Offset | By::Page => "/items".to_owned(),
            }),
            way: way(by, &mut fields)?,
            size: size(&mut fields)?,
            total: match by {
                By::Offset | By::Page => pointer(&mut fields, "total")?,
                By::Link | By::Cursor => None,
            },
            max_pages: fields
                .int("max_pages", 1..=MAX_PAGES_MAX)?
                .unwrap_or(MAX_PAGES_DEFAULT)
                .unsigned_abs(),
        };
        fields.finish()?;
        Ok(options)
    }
}

/// Takes what belongs to this way; what belongs to another is unknown then.
fn way(by: By, fields: &mut Fields) -> Result<Way, OptionError> {
    let mut parameter = |default: &str| {
        let given = fields.text("in")?;
        Ok(given.unwrap_or_else(|| default.to_owned()))
    };
    Ok(match by {
        By::Link => Way::Link,
        By::Cursor => Way::Cursor {
            parameter: parameter("cursor")?,
            out: pointer(fields, "out")?.unwrap_or_else(|| "/next_cursor".to_owned()),
        },
        By::Offset => Way::Offset {
            parameter: parameter("offset")?,
            start: start(fields, 0)?,
        },
        By::Page => Way::Number {
            parameter: parameter("page")?,
            start: start(fields, 1)?,
        },
    })
}

fn start(fields: &mut Fields, default: i64) -> Result<u64, OptionError> {
    let start = fields.int("start", 0..=i64::MAX)?.unwrap_or(default);
    Ok(start.unsigned_abs())
}

fn size(fields: &mut Fields) -> Result<Option<(String, u64)>, OptionError> {
    let parameter = fields.text("size_in")?;
    let size = fields.int("size", 1..=100_000)?.map(i64::unsigned_abs);
    match (parameter, size) {
        (parameter, Some(size)) => Ok(Some((
            parameter.unwrap_or_else(|| "limit".to_owned()),
            size,
        ))),
        (Some(_), None) => Err(OptionError::new(
            fields.name("size"),
            "nothing",
            "an integer beside 'size_in'",
        )),
        (None, None) => Ok(None),
    }
}

/// Takes a JSON pointer (RFC 6901); an empty one is the whole.
///
/// # Errors
/// When it is none.
pub(crate) fn pointer(
    fields: &mut Fields,
    key: &'static str,
) -> Result<Option<String>, OptionError> {
    let Some(value) = fields.value(key) else {
        return Ok(None);
    };
    let text = match &value {
        Value::Str(bytes) => String::from_utf8(bytes.clone()).ok(),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Secret(_)
        | Value::List(_)
        | Value::Map(_) => None,
    };
    text.filter(|text| text.is_empty() || text.starts_with('/'))
        .map(Some)
        .ok_or_else(|| fields.refuse(key, &value, POINTER))
}
