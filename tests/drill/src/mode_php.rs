//! The drill in plain PHP: the app under `tests/drill/app`, first on the embedded store (effects
//! are snapshots that Causeway writes), then on its own database through `Causeway\Store` (effects
//! are rows of its own table, in the ledger's transaction).

use std::path::{Path, PathBuf};
use std::time::Instant;

use parking_lot::Mutex;

use crate::failure::{Doing, Outcome};
use crate::progress::Progress;
use crate::report_json::{ModeReport, PDO_SITE};
use crate::site::Site;
use crate::site_php::{PhpSite, Programs, StoreKind};
use crate::stage::{Stage, Timeline};
use crate::vendor::Vendor;
use crate::{Args, proof_auth, proofs};

/// Runs every proof on both sites.
pub async fn run(args: &Args, http: &reqwest::Client) -> Outcome<(ModeReport, Timeline)> {
    let begun = Instant::now();
    let programs = Programs::find(args)?;
    let work = scratch(&args.out, "drill-php")?;
    let stage = Stage {
        http: http.clone(),
        vendor: Vendor::start(&args.vendor_sim, proof_auth::LIFETIME_S, http).await?,
        work: work.clone(),
        progress: Progress::new(),
        timeline: Mutex::default(),
    };
    let mut report = ModeReport {
        mode: "php".to_owned(),
        ..ModeReport::default()
    };
    for (name, kind) in [("php", StoreKind::Embedded), (PDO_SITE, StoreKind::Pdo)] {
        stage
            .progress
            .step(&format!("{name}: starting nginx and php-fpm"));
        let mut site = PhpSite::new(name, kind, &programs, &stage)?;
        let started = site.start().await;
        if proofs::measured(&stage, &mut report, name, "start", started).is_none() {
            continue;
        }
        if kind == StoreKind::Embedded {
            proofs::pages(args, &stage, &site, &mut report).await?;
        }
        proofs::durable(args, &stage, &site, &mut report).await?;
    }
    stage.progress.finish();
    report.close(begun.elapsed().as_secs_f64());
    if report.passed && !args.keep {
        std::fs::remove_dir_all(&work).doing("removing the scratch directory")?;
    } else {
        eprintln!("server logs and stores: {}", work.display());
    }
    Ok((report, stage.timeline.into_inner()))
}

/// An empty directory under the results, as an absolute path.
pub fn scratch(out: &Path, name: &str) -> Outcome<PathBuf> {
    let dir = std::path::absolute(out.join(name))?;
    if dir.exists() {
        std::fs::remove_dir_all(&dir).doing(format!("removing {}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir).doing(format!("making {}", dir.display()))?;
    Ok(dir)
}
