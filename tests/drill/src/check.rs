//! One row of the table of proofs: what was measured, against which bound.

use serde::Serialize;

/// A figure with its bound.
#[derive(Clone, Debug, Serialize)]
pub struct Check {
    /// `php duplicates`
    pub proof: String,
    /// `applied twice: 0`
    pub figure: String,
    /// `0`
    pub bound: String,
    /// Whether the figure keeps to the bound.
    pub ok: bool,
}

/// Collects the rows of one proof.
pub struct Checks {
    proof: String,
    rows: Vec<Check>,
}

impl Checks {
    /// No rows yet.
    pub fn of(proof: impl Into<String>) -> Self {
        Self {
            proof: proof.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(mut self, figure: impl Into<String>, bound: impl Into<String>, ok: bool) -> Self {
        self.rows.push(Check {
            proof: self.proof.clone(),
            figure: figure.into(),
            bound: bound.into(),
            ok,
        });
        self
    }

    /// A count that must be exactly `expected`.
    pub fn exactly(self, what: &str, count: u64, expected: u64) -> Self {
        self.row(
            format!("{what}: {count}"),
            expected.to_string(),
            count == expected,
        )
    }

    /// A count that must be at least `least`.
    pub fn at_least(self, what: &str, count: u64, least: u64) -> Self {
        self.row(
            format!("{what}: {count}"),
            format!("≥ {least}"),
            count >= least,
        )
    }

    /// The rows.
    pub fn done(self) -> Vec<Check> {
        self.rows
    }
}
