//! What every proof works with: the vendors, an HTTP client, a scratch directory, the progress
//! display, and the timeline that the HTML page is drawn from.

use std::path::PathBuf;

use parking_lot::Mutex;

use crate::load::Sample;
use crate::processes::unix_ms;
use crate::progress::Progress;
use crate::vendor::{Entry, Vendor};

/// The surroundings of the proofs of one mode.
pub struct Stage {
    pub http: reqwest::Client,
    pub vendor: Vendor,
    /// Scratch files of this run.
    pub work: PathBuf,
    pub progress: Progress,
    pub timeline: Mutex<Timeline>,
}

/// A span of time with a name, drawn as a band.
#[derive(Clone, Debug)]
pub struct Window {
    pub name: String,
    /// Whether a fault was on.
    pub is_fault: bool,
    pub from_ms: i64,
    pub to_ms: i64,
}

/// What happened when, for the plots.
#[derive(Debug, Default)]
pub struct Timeline {
    pub samples: Vec<Sample>,
    pub windows: Vec<Window>,
    /// When calls to the catalogue began, and whether they were answered well.
    pub calls: Vec<(i64, bool)>,
}

impl Stage {
    /// Adds a phase of page load to the timeline.
    pub fn note_phase(&self, name: &str, is_fault: bool, from_ms: i64, samples: &[Sample]) {
        let mut timeline = self.timeline.lock();
        timeline.samples.extend_from_slice(samples);
        timeline.windows.push(Window {
            name: name.to_owned(),
            is_fault,
            from_ms,
            to_ms: unix_ms(),
        });
    }

    /// Adds calls that reached a vendor.
    pub fn note_calls(&self, entries: &[Entry]) {
        self.timeline.lock().calls.extend(
            entries
                .iter()
                .map(|entry| (entry.t_ms, entry.status.is_some_and(|status| status < 400))),
        );
    }
}
