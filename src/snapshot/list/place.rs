//! Where the next page of a list begins: from one place to the next. Pure.
//!
//! | by | asked with | next place | the end |
//! |---|---|---|---|
//! | cursor | the cursor in a query parameter | the cursor that the page holds | it is missing, null or empty |
//! | page | the page's number | the number behind it | an empty page, or the total is reached |
//! | offset | the items before the page | the items up to its end | an empty page, or the total is reached |
//! | link | the target of `Link: rel="next"` (RFC 8288) | the same of the answer | there is none |
//! | since | the time of the newest item so far | that of the page's last item | a page that brings nothing new |
//!
//! A page that is shorter than asked for is not taken for the last: a vendor that caps the size
//! would lose its other items. A walk by time keeps its place at the end and goes on from there
//! the next time; its list must be sorted by that time, oldest first, and have no more items of
//! one time than a page holds, which is checked.

use super::Place;
use crate::http::Request;
use crate::http::paginate::pointer;
use crate::options::{Fields, OptionError};

/// Marks the place behind a page that was not full.
const CAPPED: &str = "~";

/// How the next page is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// A cursor that the page holds.
    Cursor {
        /// Query parameter that takes it.
        parameter: String,
        /// JSON pointer to the next one.
        out: String,
    },
    /// The page's number.
    Page {
        /// Query parameter that takes it.
        parameter: String,
        /// The first page's.
        first: u64,
    },
    /// The number of items before the page.
    Offset {
        /// Query parameter that takes it.
        parameter: String,
    },
    /// The field `Link`.
    Link,
    /// The time of the last change.
    Since {
        /// Query parameter that takes it.
        parameter: String,
        /// JSON pointer to the time in an item.
        out: String,
        /// The first time that is asked for; none asks for everything.
        start: Option<String>,
    },
}

/// What a page was, and what it said about the next one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// Where it began.
    pub(super) at: Option<&'a str>,
    /// Items that were asked for.
    pub(super) size: u32,
    /// Items that came.
    pub(super) rows: usize,
    /// Items since the walk began or was resumed, with these.
    pub(super) walked: u64,
    /// The number of all items.
    pub(super) total: Option<u64>,
    /// Every item was on the page before, too.
    pub(super) is_nothing_new: bool,
    /// The cursor, the link's target, or the last item's time.
    pub(super) out: Option<&'a str>,
}

#[derive(Clone, Copy)]
enum By {
    Cursor,
    Page,
    Offset,
    Link,
    Since,
}

impl Paging {
    /// Reads the section `cursor`; left out, a list is walked by cursor.
    ///
    /// # Errors
    /// An option that is unknown or of a wrong type, or does not go with `by`.
    pub fn parse(section: Option<Fields>) -> Result<Self, OptionError> {
        let Some(mut fields) = section else {
            return Ok(Self::Cursor {
                parameter: "cursor".to_owned(),
                out: "/next_cursor".to_owned(),
            });
        };
        let choices = [
            ("cursor", By::Cursor),
            ("page", By::Page),
            ("offset", By::Offset),
            ("link", By::Link),
            ("since", By::Since),
        ];
        let by = fields.one_of("by", &choices)?.unwrap_or(By::Cursor);
        let parameter = |fields: &mut Fields, default: &str| {
            let given = fields.text("in")?;
            Ok::<_, OptionError>(given.unwrap_or_else(|| default.to_owned()))
        };
        let paging = match by {
            By::Cursor => Self::Cursor {
                parameter: parameter(&mut fields, "cursor")?,
                out: pointer(&mut fields, "out")?.unwrap_or_else(|| "/next_cursor".to_owned()),
            },
            By::Page => Self::Page {
                parameter: parameter(&mut fields, "page")?,
                first: fields
                    .int("start", 0..=1_000_000)?
                    .unwrap_or(1)
                    .unsigned_abs(),
            },
            By::Offset => Self::Offset {
                parameter: parameter(&mut fields, "offset")?,
            },
            By::Link => Self::Link,
            By::Since => Self::Since {
                parameter: parameter(&mut fields, "since")?,
                out: pointer(&mut fields, "out")?.unwrap_or_else(|| "/updated_at".to_owned()),
                start: fields.text("start")?,
            },
        };
        fields.finish()?;
        Ok(paging)
    }

    /// Makes the request for the page that begins at `at`. The parameter of the size is in it
    /// already; a link's target stands for the whole.
    pub(super) fn ask(&self, request: &mut Request, at: Option<&str>) {
        let mut set = |parameter: &str, value: &str| {
            request.query.push((parameter.to_owned(), value.to_owned()));
        };
        match (self, at) {
            (Self::Link, Some(target)) => {
                target.clone_into(&mut request.target);
                request.query.clear();
            }
            (Self::Link | Self::Cursor { .. }, None) => {}
            (Self::Cursor { parameter, .. }, Some(at)) => set(parameter, at),
            (
                Self::Since {
                    parameter, start, ..
                },
                at,
            ) => {
                if let Some(at) = at.or(start.as_deref()) {
                    set(parameter, at);
                }
            }
            (Self::Offset { parameter }, at) => set(parameter, at.unwrap_or("0")),
            (Self::Page { parameter, first }, at) => {
                set(parameter, &number_of(at, *first).to_string());
            }
        }
    }

    /// The place behind a page.
    pub(super) fn next(&self, seen: &Seen<'_>) -> Result<Place, &'static str> {
        let is_over = seen.rows == 0 || seen.total.is_some_and(|total| seen.walked >= total);
        let at = match self {
            Self::Cursor { .. } | Self::Link => {
                let out = seen.out.filter(|out| !out.is_empty());
                if out.is_some() && out == seen.at {
                    return Err("the cursor repeats");
                }
                if out.is_some() && seen.rows == 0 {
                    // A vendor could go on with this for ever.
                    return Err("an empty page that is not the last");
                }
                out.map(str::to_owned)
            }
            Self::Offset { .. } => {
                let before: u64 = seen.at.and_then(|at| at.parse().ok()).unwrap_or(0);
                let behind = before.saturating_add(seen.rows as u64);
                let is_over = seen.rows == 0 || seen.total.is_some_and(|total| behind >= total);
                (!is_over).then(|| behind.to_string())
            }
            Self::Page { first, .. } => {
                let number = number_of(seen.at, *first).saturating_add(1);
                // A number means something for one size alone. Where the page was not full, the
                // vendor may cap the size, and then the number cannot be told for another one.
                let is_full = seen.rows == seen.size as usize;
                let mark = if is_full { "" } else { CAPPED };
                (!is_over).then(|| format!("{number}/{}{mark}", seen.size))
            }
            Self::Since { .. } => return since(seen),
        };
        Ok(Place {
            is_end: at.is_none(),
            at,
            size: None,
        })
    }

    /// Whether the size may change at this place without losing items.
    pub(super) fn may_change_size(&self, at: Option<&str>) -> bool {
        match self {
            Self::Cursor { .. } | Self::Offset { .. } | Self::Since { .. } => true,
            Self::Page { .. } => at.is_none_or(|at| !at.ends_with(CAPPED)),
            // The size is in the target.
            Self::Link => at.is_none(),
        }
    }

    /// The size that a place is told in; `None` where any will do.
    pub(super) fn size_at(&self, at: Option<&str>) -> Option<u32> {
        let Self::Page { .. } = self else { return None };
        let (_, size) = at?.split_once('/')?;
        size.trim_end_matches(CAPPED).parse().ok()
    }

    /// The same place in pages of another size, which divides the old one.
    pub(super) fn with_size(&self, at: Option<String>, size: u32) -> Option<String> {
        let Self::Page { first, .. } = self else {
            return at;
        };
        let at = at?;
        let Some(old) = self.size_at(Some(&at)) else {
            return Some(at);
        };
        let before = number_of(Some(&at), *first).saturating_sub(*first);
        let items = before.saturating_mul(u64::from(old));
        let number = first.saturating_add(items / u64::from(size.max(1)));
        Some(format!("{number}/{size}"))
    }
}

fn number_of(at: Option<&str>, first: u64) -> u64 {
    at.and_then(|at| at.split('/').next()?.parse().ok())
        .unwrap_or(first)
}

/// The place behind a page of a walk by time.
fn since(seen: &Seen<'_>) -> Result<Place, &'static str> {
    let newest = seen.out.or(seen.at).map(str::to_owned);
    let has_moved = seen.out.is_some() && seen.out != seen.at;
    let is_full = seen.rows >= seen.size as usize;
    if !has_moved && is_full && seen.rows > 0 {
        return Err("more items of one time than a page holds: raise page_size");
    }
    Ok(Place {
        is_end: seen.rows == 0 || !has_moved || seen.is_nothing_new,
        at: newest,
        size: None,
    })
}

#[cfg(test)]
mod tests;
