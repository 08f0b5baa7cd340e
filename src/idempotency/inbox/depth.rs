//! How many events wait, counted seldom: an inbox that is full turns deliveries away.
//!
//! Counting costs as much as there is to count, so a worker counts at most once a second, and
//! sooner only when it has recorded a sixteenth of what it found room for. With several workers
//! the inbox may thus hold somewhat more than its cap, by at most a sixteenth of the room for each
//! of them. Once it is full it stays so for a second, then it is counted again: it recovers by
//! itself. Losing the count costs one more.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use crate::clock::{self, Monotonic};

/// A count is believed for so long.
const BELIEVED: Duration = Duration::from_secs(1);
/// Of the room that was found, this part is filled before it is counted again.
const PART: usize = 16;
/// Inboxes that a thread remembers; more are counted each time.
const INBOXES_AT_MOST: usize = 1000;

thread_local! {
    static COUNTED: RefCell<HashMap<String, Counted>> = RefCell::new(HashMap::new());
}

/// What was counted, and what was recorded since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Counted {
    at: Monotonic,
    waiting: usize,
    since: usize,
}

/// What is known about the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    There,
    Full,
    Unknown,
}

fn room(counted: Option<Counted>, now: Monotonic, cap: usize) -> Room {
    match counted {
        Some(it) if now.since(it.at) < BELIEVED => {
            let found = cap.saturating_sub(it.waiting);
            if found == 0 {
                Room::Full
            } else if it.since < (found / PART).max(1) {
                Room::There
            } else {
                Room::Unknown
            }
        }
        Some(_) | None => Room::Unknown,
    }
}

/// Whether another event may be recorded in the inbox of this name, which is counted where it must
/// be.
///
/// # Errors
/// The count's.
pub(super) fn has_room<E>(
    inbox: &str,
    cap: usize,
    count: impl FnOnce() -> Result<usize, E>,
) -> Result<bool, E> {
    let now = clock::monotonic();
    let known = COUNTED.with_borrow(|all| all.get(inbox).copied());
    let mut counted = match (room(known, now, cap), known) {
        (Room::Full, _) => return Ok(false),
        (Room::There, Some(known)) => known,
        (Room::There | Room::Unknown, _) => Counted {
            at: now,
            waiting: count()?,
            since: 0,
        },
    };
    let has_room = counted.waiting < cap;
    counted.since += usize::from(has_room);
    COUNTED.with_borrow_mut(|all| {
        if all.len() >= INBOXES_AT_MOST {
            all.clear();
        }
        all.insert(inbox.to_owned(), counted);
    });
    Ok(has_room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_believed_for_a_second_or_a_sixteenth_of_the_room() {
        let at = Monotonic::from_millis(1000);
        let later = Monotonic::from_millis(1999);
        for (waiting, since, now, expected) in [
            (0, 0, at, Room::There),
            (0, 9, later, Room::There),
            (0, 10, later, Room::Unknown),
            (159, 0, at, Room::There),
            (159, 1, at, Room::Unknown),
            (160, 0, later, Room::Full),
            (160, 0, Monotonic::from_millis(2000), Room::Unknown),
        ] {
            let counted = Counted { at, waiting, since };
            assert_eq!(room(Some(counted), now, 160), expected, "{counted:?}");
        }
        assert_eq!(room(None, at, 160), Room::Unknown);
    }
}
