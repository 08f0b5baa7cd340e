//! What names resolved to, for a short while.
//!
//! The system's resolver says nothing about how long an answer holds, so none is kept longer than
//! [`KEEP`]; a failure is never kept. Addresses are kept as they came and guarded at each use: the
//! guard of one connection says nothing about another's. State: for each thread, at most
//! [`MAX_NAMES`] names; losing it costs a look-up.

use std::cell::RefCell;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::{self, Monotonic};

/// No answer is kept longer.
const KEEP: Duration = Duration::from_secs(30);
/// Names that are kept; the oldest goes.
const MAX_NAMES: usize = 64;
/// More addresses than this are not tried.
const MAX_ADDRESSES: usize = 16;

struct Answer {
    name: String,
    addresses: Vec<IpAddr>,
    came: Monotonic,
}

thread_local! {
    static ANSWERS: RefCell<Vec<Answer>> = const { RefCell::new(Vec::new()) };
}

/// A name's addresses, in the order in which the system prefers them. Needs tokio's runtime when
/// the answer is not kept.
///
/// # Errors
/// When the name has none, or nobody could be asked.
pub(crate) async fn resolve(name: &str) -> io::Result<Vec<IpAddr>> {
    if let Some(kept) = kept(name) {
        return Ok(kept);
    }
    let found = tokio::net::lookup_host((name, 0)).await?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for address in found.map(|address| address.ip()) {
        if !addresses.contains(&address) && addresses.len() < MAX_ADDRESSES {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        ));
    }
    keep(name, &addresses);
    Ok(addresses)
}

/// What is known of a name without asking.
pub(crate) fn kept(name: &str) -> Option<Vec<IpAddr>> {
    let now = clock::running();
    ANSWERS.with_borrow_mut(|answers| {
        answers.retain(|answer| now.since(answer.came) < KEEP);
        let answer = answers.iter().find(|answer| answer.name == name)?;
        Some(answer.addresses.clone())
    })
}

/// Forgets a name: none of its addresses could be reached.
pub(crate) fn forget(name: &str) {
    ANSWERS.with_borrow_mut(|answers| answers.retain(|answer| answer.name != name));
}

fn keep(name: &str, addresses: &[IpAddr]) {
    ANSWERS.with_borrow_mut(|answers| {
        answers.retain(|answer| answer.name != name);
        if answers.len() >= MAX_NAMES {
            answers.remove(0);
        }
        answers.push(Answer {
            name: name.to_owned(),
            addresses: addresses.to_vec(),
            came: clock::running(),
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_up_to_a_bound_and_forgotten_on_demand() {
        let address = [IpAddr::from([192, 0, 2, 1])];
        for number in 0..=MAX_NAMES {
            keep(&format!("{number}.example"), &address);
        }
        assert_eq!(kept("0.example"), None);
        assert_eq!(kept("1.example"), Some(address.to_vec()));
        forget("1.example");
        assert_eq!(kept("1.example"), None);
    }
}
