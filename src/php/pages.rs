//! `Causeway\Pages`: the items of a vendor's list, page after page.
//!
//! The rule of the next page is in `http::paginate`; this reads pages with PHP's decoder, hands
//! their items out, and has the next page fetched in the background meanwhile.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use ext_php_rs::exception::{PhpException, PhpResult};
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendHashTable, Zval};
use url::Url;

use super::connection::Connection;
use super::{throw, value};
use crate::http::paginate::{Next, Page, PaginateError, Walk};
use crate::http::{Answer, CallError, CallErrorKind, Pending, Request, Sent};

/// JSON of a page nests at most so deep.
const MAX_DEPTH: i64 = 128;

/// The items of a vendor's list, page after page; while the items of one page are handed out, the
/// next one is fetched. Runs once.
#[php_class]
#[php(name = "Causeway\\Pages", flags = ClassFlags::Final)]
#[php(implements(ce = ext_php_rs::zend::ce::iterator, stub = "\\Iterator"))]
pub struct PhpPages {
    connection: Rc<Connection>,
    first: Request,
    walk: RefCell<Walk>,
    /// The items of this page that are left, the next one last.
    items: RefCell<Vec<Zval>>,
    next: RefCell<Upcoming>,
    number: Cell<i64>,
    is_begun: Cell<bool>,
}

/// The page that follows.
enum Upcoming {
    /// Not asked for yet.
    Request(Box<Request>),
    /// On its way.
    Pending(Box<Request>, Pending),
    /// There is none, or it failed.
    End,
}

/// A page that was read.
struct ReadPage<'a> {
    answer: &'a Answer,
    json: &'a Zval,
    items: u64,
}

impl Page for ReadPage<'_> {
    fn links(&self) -> Vec<&[u8]> {
        let links = self.answer.headers.get_all(::http::header::LINK);
        links.iter().map(::http::HeaderValue::as_bytes).collect()
    }

    fn items(&self) -> u64 {
        self.items
    }

    fn scalar(&self, pointer: &str) -> Option<String> {
        let found = value::at_pointer(self.json, pointer)?;
        if found.is_bool() {
            return None;
        }
        let bytes = value::scalar_bytes(found).filter(|bytes| !bytes.is_empty())?;
        String::from_utf8(bytes).ok()
    }
}

impl PhpPages {
    pub(super) fn new(connection: Rc<Connection>, request: Request, walk: Walk) -> Self {
        let mut first = request.clone();
        first.query.extend(walk.first());
        Self {
            connection,
            first: request,
            walk: RefCell::new(walk),
            items: RefCell::default(),
            next: RefCell::new(Upcoming::Request(Box::new(first))),
            number: Cell::new(0),
            is_begun: Cell::new(false),
        }
    }

    /// Goes to the next item, over as many pages as it takes.
    fn advance(&self) -> PhpResult<()> {
        while self.items.borrow().is_empty() {
            let upcoming = std::mem::replace(&mut *self.next.borrow_mut(), Upcoming::End);
            let (request, answer) = match upcoming {
                Upcoming::End => return Ok(()),
                Upcoming::Request(request) => {
                    let client = &self.connection.client;
                    let answer = client.call(&request, &self.connection.host);
                    (request, answer)
                }
                Upcoming::Pending(request, pending) => {
                    let answer = pending.wait(None, &self.connection.host).transpose();
                    let Some(answer) = answer else { return Ok(()) };
                    (request, answer)
                }
            };
            self.take(&request, answer.map_err(throw::call)?)?;
        }
        Ok(())
    }

    /// Reads a page, and sends for the one behind it.
    fn take(&self, request: &Request, answer: Answer) -> PhpResult<()> {
        let client = &self.connection.client;
        let answer = client.refuse_error_status(answer).map_err(throw::call)?;
        let json = value::json_decode(&answer.body, MAX_DEPTH)?;
        let pointer = self.walk.borrow().options().items.clone();
        let list = value::at_pointer(&json, &pointer).and_then(Zval::array);
        let list = list.ok_or_else(|| {
            self.refused(
                &answer,
                CallErrorKind::BadRequest,
                format!("the page has no list at '{pointer}'"),
            )
        })?;
        let page = ReadPage {
            answer: &answer,
            json: &json,
            items: list.len() as u64,
        };
        let next = client
            .url_of(request)
            .map_err(|message| self.refused(&answer, CallErrorKind::BadRequest, message))
            .and_then(|here| self.step(&page, &here))?;
        let mut items: Vec<Zval> = list
            .values()
            .map(|item| item.dereference().shallow_clone())
            .collect();
        items.reverse();
        *self.items.borrow_mut() = items;
        *self.next.borrow_mut() = match next {
            Some(request) => match client.start(request.clone(), None) {
                Ok(pending) => Upcoming::Pending(Box::new(request), pending),
                // Fetched when it is wanted.
                Err(_) => Upcoming::Request(Box::new(request)),
            },
            None => Upcoming::End,
        };
        Ok(())
    }

    /// The request for the page behind this one.
    fn step(&self, page: &ReadPage<'_>, here: &Url) -> PhpResult<Option<Request>> {
        let next = self.walk.borrow_mut().next(page, here);
        let next = next.map_err(|error| {
            let kind = match error {
                PaginateError::TooManyPages { .. } => CallErrorKind::Limit,
                PaginateError::Link(_)
                | PaginateError::NoUrl
                | PaginateError::OtherOrigin { .. }
                | PaginateError::Circle { .. } => CallErrorKind::BadRequest,
            };
            self.refused(page.answer, kind, error.to_string())
        })?;
        let mut request = self.first.clone();
        match next {
            Next::End => return Ok(None),
            Next::Query(query) => request.query.extend(query),
            Next::Target(url) => {
                // The link is the whole address, query included.
                request.target = url.into();
                request.query.clear();
            }
        }
        Ok(Some(request))
    }

    fn refused(&self, answer: &Answer, kind: CallErrorKind, message: String) -> PhpException {
        throw::call(CallError {
            kind,
            connection: self.connection.client.plan().name.clone(),
            message,
            sent: Sent::Yes,
            attempts: answer.attempts,
            elapsed: answer.elapsed,
            status: Some(answer.status),
            retry_after: None,
            correlation_id: answer.correlation_id.clone(),
        })
    }
}

#[php_impl]
impl PhpPages {
    /// The item, as Response::json() decodes it.
    #[php(name = "current")]
    pub fn current(&self) -> Zval {
        let items = self.items.borrow();
        items.last().map_or_else(Zval::null, Zval::shallow_clone)
    }

    /// The item's number over all pages, from 0.
    #[php(name = "key")]
    pub fn key(&self) -> i64 {
        self.number.get()
    }

    /// Goes to the next item; behind a page's last one it waits for the next page.
    ///
    /// @throws \Causeway\Exception\CallException
    ///   When the next page cannot be had, is no list, or leads in a circle.
    #[php(name = "next")]
    pub fn next(&self) -> PhpResult<()> {
        let passed = self.items.borrow_mut().pop();
        drop(passed);
        self.number.set(self.number.get().saturating_add(1));
        self.advance()
    }

    /// Fetches the first page; later it does nothing.
    ///
    /// @throws \Causeway\Exception\CallException
    #[php(name = "rewind")]
    pub fn rewind(&self) -> PhpResult<()> {
        if self.is_begun.replace(true) {
            return Ok(());
        }
        self.advance()
    }

    /// Whether there is an item.
    #[php(name = "valid")]
    pub fn valid(&self) -> bool {
        !self.items.borrow().is_empty()
    }
}

/// The call's options without those of the walk, which are handed back.
pub(super) fn split(
    options: Option<&ZendHashTable>,
) -> PhpResult<(Option<ext_php_rs::boxed::ZBox<ZendHashTable>>, Option<Zval>)> {
    let Some(options) = options else {
        return Ok((None, None));
    };
    let mut of_call = ZendHashTable::new();
    let mut of_walk = None;
    for (key, option) in options.iter() {
        if key.to_string() == "pages" {
            of_walk = Some(option.dereference().shallow_clone());
        } else {
            of_call.insert(key, option.shallow_clone())?;
        }
    }
    Ok((Some(of_call), of_walk))
}
