//! `drill.json`: one object for each mode, with the keys that the design names; others beside them.

use std::path::Path;

use serde::Serialize;

use crate::check::Check;
use crate::failure::{Doing, Outcome};
use crate::proof_auth::Auth;
use crate::proof_backfill::Backfill;
use crate::proof_crash::Crash;
use crate::proof_duplicates::Duplicates;
use crate::proof_graphql::Graphql;
use crate::proof_killswitch::Killswitch;
use crate::proof_outage::Outage;
use crate::proof_pagecache::PageCache;

/// The name of plain PHP's second site.
pub const PDO_SITE: &str = "php-pdo";

/// The results of one mode. A proof that could not be measured is null, and a failed row tells why.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ModeReport {
    /// `php` or `drupal`.
    pub mode: String,
    pub duplicates: Option<Duplicates>,
    pub outage: Option<Outage>,
    pub hang: Option<Outage>,
    pub killswitch: Option<Killswitch>,
    pub crash: Option<Crash>,
    pub backfill: Option<Backfill>,
    /// The same with larger chunks.
    pub backfill_large: Option<Backfill>,
    pub auth: Option<Auth>,
    pub graphql: Option<Graphql>,
    /// Drupal: a webhook and core's page cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page_cache: Option<PageCache>,
    /// Drupal: the outage with core's page caches on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outage_cached: Option<Outage>,
    /// Plain PHP on its own database through `Causeway\Store`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duplicates_pdo: Option<Duplicates>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crash_pdo: Option<Crash>,
    /// The table of proofs.
    pub checks: Vec<Check>,
    /// Whether every row is ok.
    pub passed: bool,
    /// How long it took.
    pub seconds: f64,
}

impl ModeReport {
    /// Keeps a result under the key of the site that it was measured on.
    pub fn keep_duplicates(&mut self, site: &str, result: Option<Duplicates>) {
        if site == PDO_SITE {
            self.duplicates_pdo = result
        } else {
            self.duplicates = result
        }
    }

    /// Keeps a result under the key of the site that it was measured on.
    pub fn keep_crash(&mut self, site: &str, result: Option<Crash>) {
        if site == PDO_SITE {
            self.crash_pdo = result
        } else {
            self.crash = result
        }
    }

    /// Adds the rows of a proof that was measured.
    pub fn tell<T>(&mut self, proof: &Option<T>, rows: impl FnOnce(&T) -> Vec<Check>) {
        if let Some(proof) = proof {
            self.checks.extend(rows(proof));
        }
    }

    /// Whether there were rows, all of them ok.
    pub fn close(&mut self, seconds: f64) {
        self.seconds = crate::stats::rounded(seconds, 1);
        self.passed = !self.checks.is_empty() && self.checks.iter().all(|check| check.ok);
    }
}

/// Writes the file: an object for one mode, a list for several.
pub fn write(path: &Path, modes: &[ModeReport]) -> Outcome<()> {
    let text = match modes {
        [one] => serde_json::to_string_pretty(one)?,
        several => serde_json::to_string_pretty(several)?,
    };
    std::fs::write(path, text + "\n").doing(format!("writing {}", path.display()))
}
