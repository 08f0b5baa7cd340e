//! From one page of a vendor's list to the request for the next: a pure step.
//!
//! | way | next page | the end |
//! |---|---|---|
//! | link | the `Link` of relation `next` (RFC 8288) | there is none |
//! | cursor | the cursor that the page holds, in a query parameter | it is missing, null or empty |
//! | offset | the items so far, in a query parameter | an empty page, or the total is reached |
//! | page | the number behind this one, in a query parameter | an empty page, or the total is reached |
//!
//! A page that is shorter than asked for is not taken for the last: a vendor that caps the size
//! would lose its other items. A list that comes back to a place where it was, leaves its origin
//! (credentials do not cross origins), or has more pages than allowed is an error and never a
//! silent end. Losing a walk means starting over; what must be resumable is a backfill.
//!
//! Not here: making the requests, and reading JSON; a page is asked through [`Page`].

mod options;

use std::collections::HashSet;

use url::Url;

pub(crate) use self::options::pointer;
pub use self::options::{Options, Way};
use super::link::{self, MalformedLink};

/// What a page says about itself.
pub trait Page {
    /// The lines of the field `Link`.
    fn links(&self) -> Vec<&[u8]>;

    /// How many items it holds.
    fn items(&self) -> u64;

    /// The text or number at a JSON pointer; `None` when it is missing, null or empty.
    fn scalar(&self, pointer: &str) -> Option<String>;
}

/// Where to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The first request again, with these query parameters set.
    Query(Vec<(String, String)>),
    /// This URL as it is.
    Target(Url),
    /// Nowhere: this was the last page.
    End,
}

/// A list that cannot be walked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PaginateError {
    /// The field `Link` cannot be read.
    #[error("{0}")]
    Link(#[from] MalformedLink),
    /// The next page is no URL.
    #[error("the link to the next page is no URL")]
    NoUrl,
    /// The next page is elsewhere.
    #[error("the next page is of another origin, {origin}, and is not followed")]
    OtherOrigin {
        /// Where it is.
        origin: String,
    },
    /// The list goes in a circle.
    #[error("the list leads back to a page that was there already, after {pages} pages")]
    Circle {
        /// Pages so far.
        pages: u64,
    },
    /// More pages than allowed.
    #[error("the list has more than {max_pages} pages (pages.max_pages)")]
    TooManyPages {
        /// The cap.
        max_pages: u64,
    },
}

/// A walk over a list.
#[derive(Clone, Debug)]
pub struct Walk {
    options: Options,
    pages: u64,
    items: u64,
    seen: HashSet<String>,
}

impl Walk {
    /// A walk that has not begun.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            pages: 0,
            items: 0,
            seen: HashSet::new(),
        }
    }

    /// How the list is walked.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What the first request adds to its query.
    pub fn first(&self) -> Vec<(String, String)> {
        match &self.options.way {
            Way::Link | Way::Cursor { .. } => self.query(None),
            Way::Offset { parameter, start } | Way::Number { parameter, start } => {
                self.query(Some((parameter, start.to_string())))
            }
        }
    }

    /// The step behind a page that was had from `current`.
    ///
    /// # Errors
    /// When the list cannot be walked on.
    pub fn next(&mut self, page: &dyn Page, current: &Url) -> Result<Next, PaginateError> {
        self.pages = self.pages.saturating_add(1);
        self.items = self.items.saturating_add(page.items());
        let next = match self.options.way.clone() {
            Way::Link => Self::linked(page, current)?,
            Way::Cursor { parameter, out } => page.scalar(&out).map_or(Next::End, |cursor| {
                Next::Query(self.query(Some((&parameter, cursor))))
            }),
            Way::Offset { parameter, start } => {
                self.counted(page, &parameter, start.saturating_add(self.items))
            }
            Way::Number { parameter, start } => {
                self.counted(page, &parameter, start.saturating_add(self.pages))
            }
        };
        self.check(&next, current)?;
        Ok(next)
    }

    fn linked(page: &dyn Page, current: &Url) -> Result<Next, PaginateError> {
        let links = link::parse(page.links())?;
        let Some(target) = link::target_of(&links, "next") else {
            return Ok(Next::End);
        };
        let mut url = current.join(target).map_err(|_| PaginateError::NoUrl)?;
        url.set_fragment(None);
        if url.origin() != current.origin() {
            let origin = url.origin().ascii_serialization();
            return Err(PaginateError::OtherOrigin { origin });
        }
        Ok(Next::Target(url))
    }

    fn counted(&self, page: &dyn Page, parameter: &str, place: u64) -> Next {
        let total = self.options.total.as_deref();
        let total = total.and_then(|at| page.scalar(at)?.parse::<u64>().ok());
        if page.items() == 0 || total.is_some_and(|total| self.items >= total) {
            return Next::End;
        }
        Next::Query(self.query(Some((parameter, place.to_string()))))
    }

    fn query(&self, place: Option<(&str, String)>) -> Vec<(String, String)> {
        let size = self.options.size.as_ref();
        let size = size.map(|(parameter, size)| (parameter.clone(), size.to_string()));
        let place = place.map(|(parameter, place)| (parameter.to_owned(), place));
        size.into_iter().chain(place).collect()
    }

    fn check(&mut self, next: &Next, current: &Url) -> Result<(), PaginateError> {
        let place = match next {
            Next::End => return Ok(()),
            Next::Target(url) => {
                // The first page's address is known only now.
                self.seen.insert(current.to_string());
                url.to_string()
            }
            Next::Query(query) => query.last().map(|(_, at)| at.clone()).unwrap_or_default(),
        };
        if !self.seen.insert(place) {
            return Err(PaginateError::Circle { pages: self.pages });
        }
        if self.pages >= self.options.max_pages {
            return Err(PaginateError::TooManyPages {
                max_pages: self.options.max_pages,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
