//! What reached the vendors: one entry for each request, from the moment its head was read.
//!
//! The drill's proofs count calls here, not in Causeway, so an entry is made before any fault is
//! chosen and is completed when the answer is ready; an entry without a status was never answered.
//! Kept in memory, newest [`CAPACITY`] entries; what falls out is counted, numbers never repeat.

use std::collections::{BTreeMap, VecDeque};

use parking_lot::Mutex;
use serde::Serialize;

use crate::Vendor;
use crate::faults::Kind;

/// Entries kept at most.
pub const CAPACITY: usize = 1_000_000;

/// One request as a vendor saw it.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Number of the entry, ascending over the life of the program.
    pub n: u64,
    /// Unix time at which the first byte of the request was read.
    pub t_ms: i64,
    /// Who was asked.
    pub vendor: Vendor,
    /// Request method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Status of the answer; none while (or when never) answered.
    pub status: Option<u16>,
    /// The fault that this request met.
    pub fault: Option<Kind>,
    /// `X-Correlation-Id` of the request.
    pub correlation_id: Option<String>,
    /// `jti` of the token, when it is one that identity made.
    pub token_id: Option<String>,
    /// From the head of the request to the head of the answer.
    pub took_us: Option<u64>,
    /// `Content-Length` of the request.
    pub request_bytes: u64,
    /// Body of the answer, where its length was known.
    pub response_bytes: Option<u64>,
}

/// Counts over a stretch of the log, for one vendor.
#[derive(Debug, Default, Serialize)]
pub struct Summary {
    requests: u64,
    by_status: BTreeMap<String, u64>,
    by_fault: BTreeMap<String, u64>,
    first_t_ms: Option<i64>,
    last_t_ms: Option<i64>,
}

#[derive(Default)]
struct Kept {
    entries: VecDeque<Entry>,
    next: u64,
    dropped: u64,
}

/// The log of all vendors.
#[derive(Default)]
pub struct Log {
    kept: Mutex<Kept>,
}

impl Log {
    /// Takes the entry in and gives it its number.
    pub fn begin(&self, mut entry: Entry) -> u64 {
        let mut kept = self.kept.lock();
        entry.n = kept.next;
        kept.next += 1;
        if kept.entries.len() >= CAPACITY {
            kept.entries.pop_front();
            kept.dropped += 1;
        }
        kept.entries.push_back(entry);
        kept.next - 1
    }

    /// Completes entry `n`, unless it has been forgotten meanwhile.
    pub fn finish(&self, n: u64, status: u16, took_us: u64, response_bytes: Option<u64>) {
        let mut kept = self.kept.lock();
        let Some(first) = kept.entries.front().map(|entry| entry.n) else {
            return;
        };
        let index = n.checked_sub(first).map(|index| index as usize);
        if let Some(entry) = index.and_then(|index| kept.entries.get_mut(index)) {
            entry.status = Some(status);
            entry.took_us = Some(took_us);
            entry.response_bytes = response_bytes;
        }
    }

    /// Up to `limit` entries from number `since` on, and the number to ask from next.
    pub fn since(&self, since: u64, limit: usize, vendor: Option<Vendor>) -> (Vec<Entry>, u64) {
        let kept = self.kept.lock();
        let mut found = Vec::new();
        for entry in kept.from(since) {
            if vendor.is_some_and(|wanted| wanted != entry.vendor) {
                continue;
            }
            if found.len() >= limit {
                return (found, entry.n);
            }
            found.push(entry.clone());
        }
        (found, kept.next)
    }

    /// Counts for each vendor of the entries from `since` on that began in `[from_ms, to_ms)`.
    pub fn summary(
        &self,
        since: u64,
        from_ms: i64,
        to_ms: i64,
    ) -> (BTreeMap<&'static str, Summary>, u64) {
        let kept = self.kept.lock();
        let mut vendors: BTreeMap<_, _> = Vendor::ALL
            .iter()
            .map(|vendor| (vendor.name(), Summary::default()))
            .collect();
        for entry in kept.from(since) {
            if (from_ms..to_ms).contains(&entry.t_ms) {
                let summary = vendors.entry(entry.vendor.name()).or_default();
                summary.add(entry);
            }
        }
        (vendors, kept.next)
    }

    /// Forgets the entries (not the numbers); gives the next number.
    pub fn reset(&self) -> u64 {
        let mut kept = self.kept.lock();
        kept.entries.clear();
        kept.next
    }

    /// First number kept, next number, and how many fell out for want of room.
    pub fn bounds(&self) -> (u64, u64, u64) {
        let kept = self.kept.lock();
        let first = kept.entries.front().map_or(kept.next, |entry| entry.n);
        (first, kept.next, kept.dropped)
    }
}

impl Kept {
    fn from(&self, since: u64) -> impl Iterator<Item = &Entry> {
        let first = self.entries.front().map_or(self.next, |entry| entry.n);
        let skipped = since.saturating_sub(first).min(self.entries.len() as u64);
        self.entries.range(skipped as usize..)
    }
}

impl Summary {
    /// Requests counted.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    fn add(&mut self, entry: &Entry) {
        self.requests += 1;
        let status = entry
            .status
            .map_or_else(|| "none".to_owned(), |status| status.to_string());
        *self.by_status.entry(status).or_default() += 1;
        if let Some(kind) = entry.fault {
            *self.by_fault.entry(kind.name().to_owned()).or_default() += 1;
        }
        self.first_t_ms = Some(
            self.first_t_ms
                .map_or(entry.t_ms, |first| first.min(entry.t_ms)),
        );
        self.last_t_ms = Some(
            self.last_t_ms
                .map_or(entry.t_ms, |last| last.max(entry.t_ms)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(vendor: Vendor, t_ms: i64) -> Entry {
        Entry {
            n: 0,
            t_ms,
            vendor,
            method: "GET".to_owned(),
            path: "/".to_owned(),
            status: None,
            fault: None,
            correlation_id: None,
            token_id: None,
            took_us: None,
            request_bytes: 0,
            response_bytes: None,
        }
    }

    #[test]
    fn entries_are_numbered_completed_and_read_in_stretches() {
        let log = Log::default();
        for t_ms in 0..5 {
            log.begin(entry(
                if t_ms == 3 {
                    Vendor::Crm
                } else {
                    Vendor::Catalog
                },
                t_ms,
            ));
        }
        log.finish(1, 200, 7, Some(9));
        let (first, next) = log.since(0, 2, None);
        assert_eq!((first.len(), next), (2, 2));
        assert_eq!(first[1].status, Some(200));
        let (crm, next) = log.since(2, 10, Some(Vendor::Crm));
        assert_eq!((crm.len(), crm[0].n, next), (1, 3, 5));
        let (none, next) = log.since(99, 10, None);
        assert!(none.is_empty() && next == 5);
        let (vendors, _) = log.summary(0, 1, 4);
        assert_eq!(
            (vendors["catalog"].requests, vendors["crm"].requests),
            (2, 1)
        );
    }

    #[test]
    fn numbers_go_on_after_a_reset_and_late_answers_to_forgotten_entries_are_dropped() {
        let log = Log::default();
        let old = log.begin(entry(Vendor::Catalog, 0));
        assert_eq!(log.reset(), 1);
        log.finish(old, 200, 1, None);
        assert_eq!(log.begin(entry(Vendor::Catalog, 1)), 1);
        log.finish(old, 200, 1, None);
        assert_eq!(log.since(0, 9, None).0[0].status, None);
    }
}
