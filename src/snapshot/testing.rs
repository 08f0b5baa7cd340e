//! A vendor of lines that a test wrote, and what it was asked.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use super::{NoSharing, Resource, Snapshots};
use crate::clock::{self, UnixMs};
use crate::http::{Answer, CallError, CallErrorKind, Fetch, Request, Sent};
use crate::store::{MemoryStore, Store};

/// When tests begin, Unix milliseconds.
pub(crate) const NOW_MS: i64 = 1_700_000_000_000;

type Line = Box<dyn FnOnce() -> Result<Answer, CallError>>;

/// Answers line by line, and fails a test that asks for more.
#[derive(Default)]
pub(crate) struct Script {
    lines: RefCell<VecDeque<Line>>,
    asked: RefCell<Vec<Request>>,
}

impl Script {
    pub(crate) fn then(self, line: impl FnOnce() -> Result<Answer, CallError> + 'static) -> Self {
        self.lines.borrow_mut().push_back(Box::new(line));
        self
    }

    pub(crate) fn answer(self, status: u16, body: &str) -> Self {
        let answer = answer(status, body);
        self.then(move || Ok(answer))
    }

    pub(crate) fn error(self, kind: CallErrorKind) -> Self {
        let error = call_error(kind);
        self.then(move || Err(error))
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        self.asked.borrow().clone()
    }

    pub(crate) fn left(&self) -> usize {
        self.lines.borrow().len()
    }
}

impl Fetch for Script {
    fn fetch(&self, request: &Request) -> Result<Answer, CallError> {
        self.asked.borrow_mut().push(request.clone());
        let line = self.lines.borrow_mut().pop_front();
        line.expect("the vendor was asked more often than the test says")()
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    let mut headers = http::HeaderMap::new();
    headers.insert("etag", http::HeaderValue::from_static("\"e1\""));
    Answer {
        status,
        reason: String::new(),
        version: http::Version::HTTP_11,
        headers,
        body: body.to_owned().into(),
        attempts: 1,
        elapsed: Duration::ZERO,
        correlation_id: "c".to_owned(),
    }
}

pub(crate) fn call_error(kind: CallErrorKind) -> CallError {
    CallError {
        kind,
        connection: "crm".to_owned(),
        message: "scripted".to_owned(),
        sent: Sent::No,
        attempts: 0,
        elapsed: Duration::ZERO,
        status: None,
        retry_after: Some(Duration::from_secs(7)),
        correlation_id: "c".to_owned(),
    }
}

/// The connection `crm` with its resource `contact`, fresh for 60 s, in a frozen clock.
pub(crate) fn contacts() -> (Rc<MemoryStore>, Rc<Snapshots>) {
    clock::freeze(UnixMs(NOW_MS));
    let store = Rc::new(MemoryStore::new());
    let snapshots = contacts_in(store.clone());
    (store, snapshots)
}

pub(crate) fn contacts_in(store: Rc<dyn Store>) -> Rc<Snapshots> {
    contacts_of(store, |_| ())
}

/// The same, with something else in the resource.
pub(crate) fn contacts_of(
    store: Rc<dyn Store>,
    change: impl FnOnce(&mut Resource),
) -> Rc<Snapshots> {
    let mut contact = Resource {
        path: "contacts/{id}".to_owned(),
        fresh: Duration::from_secs(60),
        stale_if_error: Some(Duration::from_secs(3600)),
        cache_tags: vec!["crm:contact:{id}".to_owned()],
        order: None,
        schema: crate::options::Shapes::default(),
    };
    change(&mut contact);
    let resources = [("contact".to_owned(), contact)].into();
    let page = Duration::from_secs(1);
    Rc::new(Snapshots::new(
        store,
        "crm",
        resources,
        page,
        Rc::new(NoSharing),
    ))
}

/// A list by cursor, of pages of this size.
pub(crate) fn list_of(page_size: u32) -> super::ListOptions {
    super::ListOptions {
        path: "contacts".to_owned(),
        items: "/items".to_owned(),
        id: "/id".to_owned(),
        tombstone: Some("/deleted".to_owned()),
        paging: super::Paging::Cursor {
            parameter: "cursor".to_owned(),
            out: "/next_cursor".to_owned(),
        },
        page_param: "limit".to_owned(),
        page_size,
        total: Some("/total".to_owned()),
        query: Vec::new(),
        patience: Duration::from_secs(60),
    }
}
