//! Proof: repeated, concurrent, unordered and forged webhooks are applied exactly once each.
//!
//! 1,000 events arrive in 4,000 deliveries from 8 senders, 200 forged ones between them, while two
//! workers process the inbox. Applications are counted in the log of effects.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde_json::json;

use crate::check::{Check, Checks};
use crate::effects::tally;
use crate::failure::{Failure, Outcome};
use crate::load::visit;
use crate::processes::{Running, run_well};
use crate::site::{InboxCounts, Site, health};
use crate::stage::Stage;
use crate::vendor::{Forged, WebhookRun};

const EVENTS: u64 = 1000;
const DELIVERIES: u64 = 4000;
const FORGED: u64 = 200;
/// A worker ends when nothing was due for this long.
const IDLE_MS: u64 = 2500;
const WORKER_LIMIT: Duration = Duration::from_secs(180);

/// What was measured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Duplicates {
    pub events: u64,
    pub deliveries: u64,
    pub applied: u64,
    pub applied_twice: u64,
    pub lost: u64,
    pub forged: u64,
    pub forged_accepted: u64,
    pub forged_wrong_reason: u64,
    /// Applications whose event the vendor never sent.
    pub forged_applied: u64,
    pub forged_by_kind: BTreeMap<String, String>,
    pub resent: u64,
    pub answers: serde_json::Map<String, serde_json::Value>,
    pub differing_contacts: u64,
    pub left_in_inbox: u64,
}

/// Runs the proof on a site with an empty inbox.
pub async fn prove(stage: &Stage, site: &impl Site) -> Outcome<Duplicates> {
    stage.progress.step(&format!(
        "{}: {DELIVERIES} deliveries of {EVENTS} events, {FORGED} forged",
        site.name()
    ));
    site.effects().begin()?;
    let mut workers = Vec::new();
    for number in 1..=2 {
        let mut command = site.worker("crm", IDLE_MS, &[]);
        let log = std::fs::File::create(
            stage
                .work
                .join(format!("{}-duplicates-worker-{number}.log", site.name())),
        )?;
        command
            .stdin(std::process::Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        workers.push(Running::start("worker", &mut command)?);
    }
    let plan = json!({"target": site.webhook_url("crm"), "vendor": "crm", "events": EVENTS, "deliveries": DELIVERIES,
        "senders": 8, "forged": FORGED, "entities": 200, "resend_on_failure": true});
    let run = stage
        .vendor
        .webhooks(plan, |sent, total| {
            stage.progress.at(sent, total, "deliveries")
        })
        .await?;
    stage
        .progress
        .step(&format!("{}: processing what was recorded", site.name()));
    for mut worker in workers {
        worker.wait(WORKER_LIMIT).await?;
    }
    let inbox = drain(stage, site).await?;
    let applications = site.effects().applications()?;
    let counted = tally(&run.event_ids, &applications);
    let forged_applied = applications
        .keys()
        .filter(|(cause, _)| cause.starts_with("forged_"))
        .count() as u64;
    let differing_contacts = differing_contacts(stage, site).await?;
    Ok(Duplicates {
        forged_applied,
        ..summary(run, counted, differing_contacts, &inbox)
    })
}

fn summary(
    run: WebhookRun,
    counted: crate::effects::Tally,
    differing: u64,
    inbox: &InboxCounts,
) -> Duplicates {
    let (forged_by_kind, forged_wrong_reason) = forged_kinds(&run.forged);
    Duplicates {
        events: run.events,
        deliveries: run.deliveries,
        applied: counted.applied,
        applied_twice: counted.applied_twice,
        lost: counted.lost,
        forged: run.forged.sent,
        forged_accepted: run.forged.accepted,
        forged_wrong_reason,
        forged_by_kind,
        resent: run.resent,
        answers: run.answers,
        differing_contacts: differing,
        forged_applied: 0,
        left_in_inbox: inbox.pending + inbox.claimed + inbox.dead,
    }
}

/// Each kind with the reasons that it was refused for, and how many were refused for a wrong one.
fn forged_kinds(forged: &Forged) -> (BTreeMap<String, String>, u64) {
    let mut wrong = 0;
    let kinds = forged.by_kind.iter().map(|(kind, what)| {
        let right = what
            .reasons
            .get(&what.expected_reason)
            .and_then(serde_json::Value::as_u64)
            .unwrap_or(0);
        wrong += what.sent.saturating_sub(right);
        let reasons: Vec<String> = what
            .reasons
            .iter()
            .map(|(reason, count)| format!("{reason} × {count}"))
            .collect();
        (kind.clone(), reasons.join(", "))
    });
    (kinds.collect(), wrong)
}

/// Runs clean workers until nothing waits; what is left in the end.
pub async fn drain(stage: &Stage, site: &impl Site) -> Outcome<InboxCounts> {
    for _ in 0..20 {
        let counts = health(&stage.http, site)
            .await?
            .inbox
            .remove("crm")
            .unwrap_or_default();
        if counts.pending + counts.claimed == 0 {
            // One more worker pays the cache tags that a killed one may owe.
            run_well(
                "drain",
                &mut site.worker("crm", 100, &[]),
                &stage.work,
                WORKER_LIMIT,
            )
            .await?;
            return Ok(counts);
        }
        run_well(
            "drain",
            &mut site.worker("crm", IDLE_MS, &[]),
            &stage.work,
            WORKER_LIMIT,
        )
        .await?;
    }
    health(&stage.http, site)
        .await?
        .inbox
        .remove("crm")
        .ok_or_else(|| {
            Failure::new(format!(
                "{}: the health page tells nothing of the crm inbox",
                site.name()
            ))
        })
}

/// Contacts whose page does not show what the vendor has.
pub async fn differing_contacts(stage: &Stage, site: &impl Site) -> Outcome<u64> {
    stage.progress.step(&format!(
        "{}: comparing every contact's page with the vendor",
        site.name()
    ));
    let mut differing = 0;
    for contact in stage.vendor.contacts().await? {
        if let (_, Some(why)) = visit(&stage.http, &site.contact_page(&contact)).await {
            if differing == 0 {
                stage.progress.note(&format!("first difference: {why}"));
            }
            differing += 1;
        }
    }
    Ok(differing)
}

impl Duplicates {
    /// The rows of the table.
    pub fn checks(&self, site: &str) -> Vec<Check> {
        Checks::of(format!("{site} duplicates"))
            .at_least("deliveries", self.deliveries, DELIVERIES)
            .exactly("applied", self.applied, EVENTS)
            .exactly("applied twice", self.applied_twice, 0)
            .exactly("lost", self.lost, 0)
            .at_least("forged", self.forged, FORGED)
            .exactly("forged accepted", self.forged_accepted, 0)
            .exactly("forged applied", self.forged_applied, 0)
            .exactly("forged with a wrong reason", self.forged_wrong_reason, 0)
            .exactly(
                "contacts that differ from the vendor",
                self.differing_contacts,
                0,
            )
            .exactly("left in the inbox", self.left_in_inbox, 0)
            .done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_reason_is_counted() {
        let forged: Forged = serde_json::from_value(json!({"sent": 5, "accepted": 0, "by_kind": {
            "expired": {"sent": 3, "expected_reason": "timestamp_too_old", "reasons": {"timestamp_too_old": 2, "no_match": 1}},
            "future": {"sent": 2, "expected_reason": "timestamp_in_future", "reasons": {"timestamp_in_future": 2}}}}))
        .unwrap();
        let (kinds, wrong) = forged_kinds(&forged);
        assert_eq!(wrong, 1);
        assert_eq!(kinds["future"], "timestamp_in_future × 2");
    }
}
