//! The table of proofs on the terminal.

use crate::check::Check;

/// The rows as aligned text; the columns are as wide as their widest cell.
pub fn text(checks: &[Check]) -> String {
    let head = ["proof", "figure", "bound", ""];
    let rows: Vec<[&str; 4]> = checks
        .iter()
        .map(|check| {
            [
                &*check.proof,
                &*check.figure,
                &*check.bound,
                if check.ok { "ok" } else { "FAILED" },
            ]
        })
        .collect();
    let mut widths = head.map(|cell| cell.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |row: &[&str; 4]| {
        let cells: Vec<String> = row
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    };
    let rule = "-".repeat(widths.iter().sum::<usize>() + 6) + "\n";
    let mut out = line(&head) + &rule;
    let mut last = "";
    for row in &rows {
        let shown = if row[0] == last { "" } else { row[0] };
        last = row[0];
        out.push_str(&line(&[shown, row[1], row[2], row[3]]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_names_told_once() {
        let check = |figure: &str, ok| Check {
            proof: "php auth".into(),
            figure: figure.into(),
            bound: "0".into(),
            ok,
        };
        let table = text(&[check("lost: 0", true), check("twice: 11", false)]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[2], "php auth  lost: 0    0      ok");
        assert_eq!(lines[3], "          twice: 11  0      FAILED");
    }
}
