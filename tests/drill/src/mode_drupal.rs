//! The drill in a throw-away Drupal site.

use std::path::Path;

use crate::Args;
use crate::failure::{Failure, Outcome};
use crate::report_json::ModeReport;
use crate::stage::Timeline;

/// Why the mode cannot run here, if it cannot.
pub fn missing(args: &Args) -> Option<String> {
    let index = args.drupal_root.join("index.php");
    (!Path::new(&index).is_file()).then(|| format!("{} is not there", index.display()))
}

/// Runs every proof on the Drupal site.
pub async fn run(_args: &Args, _http: &reqwest::Client) -> Outcome<(ModeReport, Timeline)> {
    Err(Failure::new("the drill in Drupal is not built yet"))
}
