//! The words of a row's state: where it stands, and above the first the shape of its data.

use super::Detail;

/// Pages that show it are right.
pub const CURRENT: &str = "current";
/// Tags are owed.
pub const OWED: &str = "owed";
/// The entity is no more.
pub const GONE: &str = "gone";

/// The state of rows in this standing, whose data have this shape.
pub fn state(standing: &str, shape: u32) -> String {
    if shape <= 1 {
        standing.to_owned()
    } else {
        format!("{standing}@{shape}")
    }
}

/// A state's standing, and the shape of its data.
pub fn standing_and_shape(state: &str) -> (&str, u32) {
    match state.split_once('@') {
        Some((standing, shape)) => (standing, shape.parse().unwrap_or(1)),
        None => (state, 1),
    }
}

/// The states of one standing in every shape up to this one.
pub fn states_up_to(standing: &str, shape: u32) -> Vec<String> {
    (1..=shape).map(|shape| state(standing, shape)).collect()
}

pub(super) fn state_of(detail: &Detail, shape: u32) -> String {
    match (detail.owed_tags.is_empty(), detail.gone) {
        (false, _) => state(OWED, shape),
        (true, true) => GONE.to_owned(),
        (true, false) => state(CURRENT, shape),
    }
}
