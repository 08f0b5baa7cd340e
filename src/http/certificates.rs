//! Certificates that a delivery names as its key's: over a guarded connection, and kept.
//!
//! The scheme has pinned the host; this only gets the bytes, by a client of its own that has no
//! credentials, under the address guard, with short deadlines. What was had is kept for an hour by
//! URL, 16 of them. Whoever forges deliveries can name names that do not exist on a pinned host, so
//! at most 10 are asked for in a minute; beyond that there is no verdict and the sender repeats.
//! State is the thread's and may be lost: that costs one more call.

use std::cell::RefCell;
use std::time::Duration;

use super::{Client, Host, Request};
use crate::clock::{self, Monotonic};
use crate::options::{Plan, Value};

const KEEP: Duration = Duration::from_secs(3600);
const MAX_KEPT: usize = 16;
const PER: Duration = Duration::from_secs(60);
const MAX_CALLS: usize = 10;
/// The largest PEM that is taken, in bytes.
const CAP_BYTES: u64 = 64 * 1024;

#[derive(Default)]
struct Kept {
    certificates: Vec<(String, Monotonic, Vec<u8>)>,
    calls: Vec<Monotonic>,
}

thread_local! {
    static KEPT: RefCell<Kept> = RefCell::new(Kept::default());
}

/// Gets the bytes at an address that a scheme has pinned.
///
/// # Errors
/// Why they cannot be had; shows no more than the host's answer.
pub fn fetch(url: &str, host: &dyn Host) -> Result<Vec<u8>, String> {
    let now = clock::monotonic();
    if let Some(pem) = KEPT.with_borrow(|kept| kept.certificate(url, now)) {
        return Ok(pem);
    }
    if !KEPT.with_borrow_mut(|kept| kept.may_call(now)) {
        return Err("too many were asked for within a minute".to_owned());
    }
    let pem = call(url, host)?;
    KEPT.with_borrow_mut(|kept| kept.keep(url, now, &pem));
    Ok(pem)
}

impl Kept {
    fn certificate(&self, url: &str, now: Monotonic) -> Option<Vec<u8>> {
        let mut all = self.certificates.iter();
        let kept = all.find(|(of, since, _)| of == url && now.since(*since) < KEEP);
        kept.map(|(_, _, pem)| pem.clone())
    }

    fn may_call(&mut self, now: Monotonic) -> bool {
        self.calls.retain(|at| now.since(*at) < PER);
        let may = self.calls.len() < MAX_CALLS;
        if may {
            self.calls.push(now);
        }
        may
    }

    fn keep(&mut self, url: &str, now: Monotonic, pem: &[u8]) {
        self.certificates.retain(|(of, _, _)| of != url);
        if self.certificates.len() >= MAX_KEPT {
            self.certificates.remove(0);
        }
        self.certificates.push((url.to_owned(), now, pem.to_vec()));
    }
}

fn call(url: &str, host: &dyn Host) -> Result<Vec<u8>, String> {
    let timeouts = [
        ("connect_ms", 1000),
        ("attempt_ms", 2000),
        ("total_ms", 4000),
    ];
    let options = Value::map([
        ("base_uri", Value::from(url)),
        (
            "timeouts",
            Value::map(timeouts.map(|(k, v)| (k, Value::Int(v)))),
        ),
        ("retry", Value::map([("max_attempts", Value::Int(2))])),
    ]);
    let plan = Plan::parse("certificates", &options).map_err(|error| error.to_string())?;
    let mut request = Request::new(http::Method::GET, url);
    request.body_cap_bytes = Some(CAP_BYTES);
    let answer = Client::new(plan).call(&request, host);
    let answer = answer.map_err(|error| error.message)?;
    if answer.status != 200 {
        return Err(format!("its host answered {}", answer.status));
    }
    Ok(answer.body.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixMs;
    use crate::http::NoHost;

    #[test]
    fn what_was_had_is_kept_for_an_hour_and_a_few_at_most() {
        clock::freeze(UnixMs::from_secs(1_800_000_000));
        let mut kept = Kept::default();
        for number in 0..=MAX_KEPT {
            kept.keep(&format!("u{number}"), clock::monotonic(), b"pem");
        }
        let has = |kept: &Kept, url: &str| kept.certificate(url, clock::monotonic()).is_some();
        assert_eq!(
            (has(&kept, "u0"), has(&kept, "u1"), has(&kept, "u16")),
            (false, true, true)
        );
        clock::advance(KEEP);
        assert!(!has(&kept, "u16"));
        clock::thaw();
    }

    #[test]
    fn a_flood_of_names_asks_ten_times_a_minute() {
        clock::freeze(UnixMs::from_secs(1_800_000_000));
        let mut kept = Kept::default();
        let allowed = (0..50)
            .filter(|_| kept.may_call(clock::monotonic()))
            .count();
        assert_eq!(allowed, MAX_CALLS);
        clock::advance(PER);
        assert!(kept.may_call(clock::monotonic()));
        clock::thaw();
    }

    #[test]
    fn an_address_inside_the_house_is_refused_by_the_guard() {
        let refused = fetch("https://127.0.0.1/a.pem", &NoHost).unwrap_err();
        assert!(refused.contains("127.0.0.1"), "{refused}");
    }
}
