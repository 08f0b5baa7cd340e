//! The order of the proofs on one site, and what becomes of a proof that could not be measured.

use crate::Args;
use crate::check::Checks;
use crate::failure::Outcome;
use crate::proof_outage::Fault;
use crate::report_json::ModeReport;
use crate::site::Site;
use crate::stage::Stage;
use crate::{
    proof_auth, proof_backfill, proof_crash, proof_duplicates, proof_graphql, proof_killswitch,
    proof_outage,
};

/// The proofs that both of plain PHP's sites run.
pub async fn durable(
    args: &Args,
    stage: &Stage,
    site: &impl Site,
    report: &mut ModeReport,
) -> Outcome<()> {
    let name = site.name().to_owned();
    if args.wants("duplicates") {
        let duplicates = measured(
            stage,
            report,
            &name,
            "duplicates",
            proof_duplicates::prove(stage, site).await,
        );
        report.tell(&duplicates, |proof| proof.checks(&name));
        report.keep_duplicates(&name, duplicates);
    }
    if args.wants("crash") {
        let crash = measured(
            stage,
            report,
            &name,
            "crash",
            proof_crash::prove(stage, site).await,
        );
        report.tell(&crash, |proof| proof.checks(&name));
        report.keep_crash(&name, crash);
    }
    Ok(())
}

/// The proofs of pages, switch, tokens, prices and backfill.
pub async fn pages(
    args: &Args,
    stage: &Stage,
    site: &impl Site,
    report: &mut ModeReport,
) -> Outcome<()> {
    let name = site.name().to_owned();
    for fault in [Fault::Status503, Fault::Hang] {
        if !args.wants(fault.name()) {
            continue;
        }
        let outage = measured(
            stage,
            report,
            &name,
            fault.name(),
            proof_outage::prove(stage, site, fault).await,
        );
        stage.vendor.heal().await?;
        report.tell(&outage, |proof| proof.checks(&name, fault));
        match fault {
            Fault::Status503 => report.outage = outage,
            Fault::Hang => report.hang = outage,
        }
    }
    if args.wants("killswitch") {
        let killswitch = measured(
            stage,
            report,
            &name,
            "killswitch",
            proof_killswitch::prove(stage, site).await,
        );
        report.tell(&killswitch, |proof| proof.checks(&name));
        report.killswitch = killswitch;
    }
    if args.wants("auth") {
        let auth = measured(
            stage,
            report,
            &name,
            "auth",
            proof_auth::prove(stage, site).await,
        );
        report.tell(&auth, |proof| proof.checks(&name));
        report.auth = auth;
    }
    if args.wants("graphql") && site.price_url(1, "rest").is_some() {
        let graphql = measured(
            stage,
            report,
            &name,
            "graphql",
            proof_graphql::prove(stage, site).await,
        );
        report.tell(&graphql, |proof| proof.checks(&name));
        report.graphql = graphql;
    }
    if args.wants("backfill") {
        let runs = measured(
            stage,
            report,
            &name,
            "backfill",
            proof_backfill::prove(stage, site).await,
        );
        let runs = runs.unwrap_or_default();
        report
            .checks
            .extend(runs.iter().flat_map(|run| run.checks(&name)));
        let mut runs = runs.into_iter();
        (report.backfill, report.backfill_large) = (runs.next(), runs.next());
    }
    Ok(())
}

/// The result, or a failed row that tells why there is none.
pub fn measured<T>(
    stage: &Stage,
    report: &mut ModeReport,
    site: &str,
    proof: &str,
    result: Outcome<T>,
) -> Option<T> {
    match result {
        Ok(result) => Some(result),
        Err(failure) => {
            stage
                .progress
                .note(&format!("{site} {proof} could not be measured: {failure}"));
            let row =
                Checks::of(format!("{site} {proof}")).row(failure.to_string(), "measured", false);
            report.checks.extend(row.done());
            None
        }
    }
}
