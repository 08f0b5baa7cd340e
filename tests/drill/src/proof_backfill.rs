//! Proof: a backfill that is killed resumes without a gap and without a double.
//!
//! 10,000 products in chunks of 500, then, from nothing again, in chunks of 5,000; each run is
//! killed three times, once of them between a chunk's rows and its cursor. Rows are counted in the
//! log of effects.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde::Serialize;

use crate::check::{Check, Checks};
use crate::failure::{Failure, Outcome};
use crate::processes::{Finished, run_to_end, run_well};
use crate::site::Site;
use crate::stage::Stage;

const ROWS: u64 = 10_000;
const LIMIT: Duration = Duration::from_secs(180);

/// Chunk, and where each of the three killed runs dies: the n-th passage since its own start.
const RUNS: [(u32, [&str; 3]); 2] = [
    (
        500,
        [
            "backfill.after_commit:3",
            "backfill.after_rows:4",
            "backfill.after_cursor:5",
        ],
    ),
    (
        5000,
        [
            "backfill.after_rows:1",
            "backfill.after_cursor:1",
            "backfill.after_commit:1",
        ],
    ),
];

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Backfill {
    pub rows: u64,
    pub chunk: u32,
    pub interruptions: u64,
    pub missing: u64,
    pub duplicated: u64,
    /// Lines of progress that the command printed in its last run.
    pub progress_lines: u64,
}

/// Both runs; the first is the report's `backfill`.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Vec<Backfill>> {
    let mut all = Vec::new();
    for (chunk, failpoints) in RUNS {
        all.push(one(stage, site, chunk, failpoints).await?);
    }
    Ok(all)
}

async fn one(
    stage: &Stage,
    site: &impl Site,
    chunk: u32,
    failpoints: [&str; 3],
) -> Outcome<Backfill> {
    stage.progress.step(&format!(
        "{}: backfill in chunks of {chunk}, killed three times",
        site.name()
    ));
    run_well(
        "backfill-reset",
        &mut site.backfill_reset(),
        &stage.work,
        LIMIT,
    )
    .await?;
    let log = site.backfill_effects();
    log.forget_snapshots("catalog/product")?;
    log.begin()?;
    let mut interruptions = 0;
    for failpoint in failpoints {
        let mut command = site.backfill(chunk, &[("CAUSEWAY_FAILPOINT", failpoint)]);
        let end = run_to_end("backfill", &mut command, &stage.work, LIMIT).await?;
        if end.status.signal() == Some(libc::SIGKILL) || end.status.code() == Some(137) {
            interruptions += 1;
            stage.progress.note(&format!(
                "killed at {failpoint}, after: {}",
                last(&progress(&end))
            ));
        } else {
            stage.progress.note(&format!(
                "not killed at {failpoint}: {} {}",
                end.status,
                end.stderr.trim()
            ));
        }
    }
    let end = run_to_end(
        "backfill",
        &mut site.backfill(chunk, &[]),
        &stage.work,
        LIMIT,
    )
    .await?;
    let said = progress(&end);
    if !end.status.success() {
        return Err(Failure::new(format!(
            "the backfill ended with {}: {}",
            end.status,
            said.join(" ")
        )));
    }
    stage
        .progress
        .note(&format!("resumed and ended: {}", last(&said)));
    let applications = log.applications()?;
    if applications.is_empty() {
        return Err(Failure::new(
            "the log of effects has no row of the backfill",
        ));
    }
    let times = |id: u64| {
        applications
            .get(&("backfill".to_owned(), id.to_string()))
            .copied()
            .unwrap_or(0)
    };
    Ok(Backfill {
        rows: ROWS,
        chunk,
        interruptions,
        missing: (1..=ROWS).filter(|id| times(*id) == 0).count() as u64,
        duplicated: (1..=ROWS).filter(|id| times(*id) > 1).count() as u64,
        progress_lines: said.len() as u64,
    })
}

/// What a command told of its progress: lines, or a bar that is drawn anew, with a number in it.
fn progress(end: &Finished) -> Vec<String> {
    let told = format!("{}\n{}", end.stderr, end.stdout);
    let lines = told.split(['\n', '\r']).map(str::trim);
    lines
        .filter(|line| line.contains(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
        .collect()
}

fn last(lines: &[String]) -> &str {
    lines.last().map_or("nothing told", String::as_str)
}

impl Backfill {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        Checks::of(format!("{site} backfill, chunks of {}", self.chunk))
            .exactly("kills", self.interruptions, 3)
            .exactly(&format!("missing of {ROWS} rows"), self.missing, 0)
            .exactly("duplicated", self.duplicated, 0)
            .at_least("lines of progress", self.progress_lines, 1)
            .done()
    }
}
