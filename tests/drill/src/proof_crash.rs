//! Proof: a worker that is killed with -9 anywhere neither loses an event nor applies one twice.
//!
//! While the vendor sends events, workers are started one after another, each with a failpoint at
//! which it kills itself. Only kills of a worker that held a claim count towards the 20. In the
//! end a clean worker processes the rest, and the log of effects and the pages are compared.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::check::{Check, Checks};
use crate::effects::tally;
use crate::failure::Outcome;
use crate::processes::run_to_end;
use crate::proof_duplicates::{differing_contacts, drain};
use crate::site::Site;
use crate::stage::Stage;

/// Where a worker kills itself.
const FAILPOINTS: [&str; 10] = [
    "inbox.before_claim",
    "inbox.after_claim",
    "inbox.before_fetch",
    "inbox.after_fetch",
    "inbox.before_effect",
    "inbox.after_effect",
    "inbox.before_mark",
    "inbox.after_mark",
    "inbox.before_invalidate",
    "inbox.after_invalidate",
];
const HOLDING: u64 = 20;
const EACH: u64 = 2;
const MIN_ROUNDS: u32 = 4;
const MAX_ROUNDS: u32 = 8;
/// A worker waits this long for events before it gives up being killed; longer than a lease.
const IDLE_MS: u64 = 1500;
const WORKER_LIMIT: Duration = Duration::from_secs(60);

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Crash {
    pub kills: u64,
    pub kills_holding_a_claim: u64,
    pub lost: u64,
    pub applied_twice: u64,
    /// Contacts whose page does not show the vendor's data afterwards.
    pub stale_pages: u64,
    pub events: u64,
    pub applied: u64,
    pub left_in_inbox: u64,
    pub kills_by_failpoint: BTreeMap<String, u64>,
}

impl Crash {
    fn is_enough(&self) -> bool {
        self.kills_holding_a_claim >= HOLDING
            && FAILPOINTS
                .iter()
                .all(|name| self.kills_by_failpoint.get(*name).copied().unwrap_or(0) >= EACH)
    }
}

/// Runs the proof on a site with an empty inbox.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Crash> {
    stage
        .progress
        .step(&format!("{}: killing workers with -9", site.name()));
    site.effects().begin()?;
    let mut crash = Crash::default();
    let mut events = Vec::new();
    for round in 1..=MAX_ROUNDS {
        if round > MIN_ROUNDS && crash.is_enough() {
            break;
        }
        let plan = json!({"target": site.webhook_url("crm"), "vendor": "crm", "events": 100, "deliveries": 200,
            "senders": 4, "forged": 0, "entities": 200, "resend_on_failure": true, "per_s": 80, "seed": round});
        let (run, killed) = tokio::join!(
            stage.vendor.webhooks(plan, |_, _| ()),
            kill_at_each(stage, site, round, &mut crash)
        );
        killed?;
        events.extend(run?.event_ids);
    }
    stage.progress.step(&format!(
        "{}: a clean worker processes the rest",
        site.name()
    ));
    let inbox = drain(stage, site).await?;
    let counted = tally(&events, &site.effects().applications()?);
    crash.events = events.len() as u64;
    crash.applied = counted.applied;
    crash.applied_twice = counted.applied_twice;
    crash.lost = counted.lost;
    crash.left_in_inbox = inbox.pending + inbox.claimed + inbox.dead;
    crash.stale_pages = differing_contacts(stage, site).await?;
    Ok(crash)
}

/// One worker for each failpoint, killed at its first, second or third passage.
async fn kill_at_each(
    stage: &Stage,
    site: &impl Site,
    round: u32,
    crash: &mut Crash,
) -> Outcome<()> {
    for (number, name) in FAILPOINTS.iter().enumerate() {
        let failpoint = format!("{name}:{}", 1 + (round - 1) % 3);
        let mut worker = site.worker("crm", IDLE_MS, &[("CAUSEWAY_FAILPOINT", &failpoint)]);
        let end = run_to_end(
            &format!("{}-crash-worker", site.name()),
            &mut worker,
            &stage.work,
            WORKER_LIMIT,
        )
        .await?;
        let has_killed_itself =
            end.status.signal() == Some(libc::SIGKILL) || end.status.code() == Some(137);
        if has_killed_itself && end.stderr.contains(&format!("killed at {name}")) {
            crash.kills += 1;
            crash.kills_holding_a_claim += u64::from(end.stderr.contains("holding a claim"));
            *crash
                .kills_by_failpoint
                .entry((*name).to_owned())
                .or_default() += 1;
        } else {
            let said = format!("{}{}", end.stdout, end.stderr);
            stage.progress.note(&format!(
                "not killed at {failpoint}: {} {}",
                end.status,
                said.trim()
            ));
        }
        let (done, all) = (
            u64::from(round - 1) * 10 + number as u64 + 1,
            u64::from(MIN_ROUNDS) * 10,
        );
        stage.progress.at(done, all, "workers");
    }
    Ok(())
}

impl Crash {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        let fewest = FAILPOINTS
            .iter()
            .map(|name| self.kills_by_failpoint.get(*name).copied().unwrap_or(0))
            .min()
            .unwrap_or(0);
        Checks::of(format!("{site} crash"))
            .at_least("kills holding a claim", self.kills_holding_a_claim, HOLDING)
            .at_least(
                &format!("kills at each of {} failpoints", FAILPOINTS.len()),
                fewest,
                EACH,
            )
            .exactly("lost", self.lost, 0)
            .exactly("applied twice", self.applied_twice, 0)
            .exactly(
                "pages that do not show the vendor's data",
                self.stale_pages,
                0,
            )
            .exactly("left in the inbox", self.left_in_inbox, 0)
            .done()
    }
}
