//! Percentiles and medians by nearest rank: the value reported was really measured.

/// The `share` percentile (0 to 1) of `values`, or 0 when there are none.
pub fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted
        .get(rank.saturating_sub(1).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}

/// The middle value.
pub fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

/// Rounds to `digits` after the point, for reports.
pub fn rounded(value: f64, digits: i32) -> f64 {
    let unit = 10_f64.powi(digits);
    (value * unit).round() / unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let rows: [(&[f64], f64, f64); 6] = [
            (&[], 0.95, 0.0),
            (&[7.0], 0.95, 7.0),
            (&[2.0, 1.0], 0.5, 1.0),
            (&[3.0, 1.0, 2.0], 0.5, 2.0),
            (&[1.0, 2.0, 3.0, 4.0], 1.0, 4.0),
            (&[1.0, 2.0, 3.0, 4.0], 0.0, 1.0),
        ];
        for (values, share, expected) in rows {
            assert_eq!(percentile(values, share), expected, "{values:?} at {share}");
        }
        let hundred: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(percentile(&hundred, 0.95), 95.0);
    }

    #[test]
    fn rounding_keeps_digits() {
        assert_eq!(rounded(1.23456, 2), 1.23);
        assert_eq!(rounded(1.235, 0), 1.0);
    }
}
