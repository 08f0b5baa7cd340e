//! `drill.html`: one self-contained page with the table of proofs and the plots.
//!
//! Readable in light and dark mode, on narrow screens, and without eyes: each plot has a text
//! alternative and its numbers in a table.

use std::fmt::Write;
use std::path::Path;

use crate::failure::{Doing, Outcome};
use crate::load::Sample;
use crate::plot::{Plot, Series, Shape, escape};
use crate::proof_duplicates::Duplicates;
use crate::report_json::ModeReport;
use crate::stage::{Timeline, Window};
use crate::stats::percentile;

/// Latency is drawn as percentiles over this many seconds.
const LATENCY_STEP_S: f64 = 0.5;
const CALLS_STEP_S: f64 = 0.5;
const STYLE: &str = include_str!("report_html.css");

/// Writes the page.
pub fn write(path: &Path, modes: &[(ModeReport, Timeline)]) -> Outcome<()> {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\"><title>Causeway: the drill</title><style>{STYLE}</style></head>\
         <body><main><h1>The drill</h1>"
    );
    for (report, timeline) in modes {
        page.push_str(&mode(report, timeline));
    }
    page.push_str("</main></body></html>\n");
    std::fs::write(path, page).doing(format!("writing {}", path.display()))
}

fn mode(report: &ModeReport, timeline: &Timeline) -> String {
    let name = escape(&report.mode);
    let verdict = if report.passed {
        "every proof holds"
    } else {
        "a proof failed"
    };
    let mut out = format!(
        "<section><h2>Mode {name}</h2><p>In {:.0} s: {verdict}.</p>{}",
        report.seconds,
        proofs(report)
    );
    if let (Some(first), Some(last)) = (timeline.windows.first(), timeline.windows.last()) {
        let span = Span {
            from_ms: first.from_ms,
            seconds: (last.to_ms - first.from_ms) as f64 / 1000.0,
        };
        out.push_str(&latency(&name, timeline, &span));
        out.push_str(&calls(&name, timeline, &span));
    }
    for (title, duplicates) in [
        ("Events", &report.duplicates),
        (
            "Events, on the application's own database",
            &report.duplicates_pdo,
        ),
    ] {
        if let Some(duplicates) = duplicates {
            out.push_str(&events(title, duplicates));
        }
    }
    out.push_str("</section>");
    out
}

fn proofs(report: &ModeReport) -> String {
    let mut out = "<div class=\"wide\" tabindex=\"0\"><table><caption>The proofs</caption><thead><tr><th scope=\"col\">proof</th>\
                   <th scope=\"col\">figure</th><th scope=\"col\">bound</th><th scope=\"col\">verdict</th></tr></thead><tbody>"
        .to_owned();
    for check in &report.checks {
        let (class, verdict) = if check.ok {
            ("ok", "✓ ok")
        } else {
            ("failed", "✗ FAILED")
        };
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{}</td><td class=\"verdict {class}\">{verdict}</td></tr>",
            escape(&check.proof),
            escape(&check.figure),
            escape(&check.bound)
        );
    }
    out + "</tbody></table></div>"
}

/// The time that the plots show.
struct Span {
    from_ms: i64,
    seconds: f64,
}

impl Span {
    fn seconds_of(&self, at_ms: i64) -> f64 {
        (at_ms - self.from_ms) as f64 / 1000.0
    }
}

fn latency(mode: &str, timeline: &Timeline, span: &Span) -> String {
    let buckets = (span.seconds / LATENCY_STEP_S).ceil() as usize;
    let mut by_bucket = vec![Vec::new(); buckets + 1];
    for sample in &timeline.samples {
        let bucket = (span.seconds_of(sample.at_ms) / LATENCY_STEP_S).max(0.0) as usize;
        if let Some(values) = by_bucket.get_mut(bucket) {
            values.push(sample.took_ms);
        }
    }
    let at = |share: f64| -> Vec<(f64, f64)> {
        let filled = by_bucket
            .iter()
            .enumerate()
            .filter(|(_, values)| !values.is_empty());
        filled
            .map(|(bucket, values)| (bucket as f64 * LATENCY_STEP_S, percentile(values, share)))
            .collect()
    };
    let plot = Plot {
        id: &format!("{mode}-latency"),
        title: "How long visitors waited for a page",
        description: format!(
            "Median and 95th percentile of page times every half second; {} pages in {:.0} seconds. Faults are shaded.",
            timeline.samples.len(),
            span.seconds
        ),
        unit: "ms",
        from_ms: span.from_ms,
        seconds: span.seconds,
        step_s: LATENCY_STEP_S,
        shape: Shape::Lines,
        series: vec![
            Series {
                name: "p50",
                class: "p50",
                points: at(0.5),
            },
            Series {
                name: "p95 (dashed)",
                class: "p95",
                points: at(0.95),
            },
        ],
        windows: &timeline.windows,
    };
    figure(
        &plot,
        "Page times; the bands are the phases of the load, numbered as in the table, the red ones are faults.",
        &phases(timeline),
    )
}

fn calls(mode: &str, timeline: &Timeline, span: &Span) -> String {
    let buckets = (span.seconds / CALLS_STEP_S).ceil() as usize + 1;
    let count = |is_good: bool| -> Vec<(f64, f64)> {
        let mut counts = vec![0.0; buckets];
        for (at_ms, good) in &timeline.calls {
            let bucket = (span.seconds_of(*at_ms) / CALLS_STEP_S).max(0.0) as usize;
            if let Some(count) = counts.get_mut(bucket).filter(|_| *good == is_good) {
                *count += 1.0;
            }
        }
        counts
            .into_iter()
            .enumerate()
            .map(|(bucket, count)| (bucket as f64 * CALLS_STEP_S, count))
            .collect()
    };
    let plot = Plot {
        id: &format!("{mode}-calls"),
        title: "Calls that reached the catalogue",
        description: format!(
            "{} calls, counted in the vendor's log every half second.",
            timeline.calls.len()
        ),
        unit: "calls",
        from_ms: span.from_ms,
        seconds: span.seconds,
        step_s: CALLS_STEP_S,
        shape: Shape::Bars,
        series: vec![
            Series {
                name: "answered well",
                class: "good",
                points: count(true),
            },
            Series {
                name: "not answered, or badly",
                class: "bad",
                points: count(false),
            },
        ],
        windows: &timeline.windows,
    };
    figure(&plot, "Calls to the vendor, from its own log.", "")
}

fn figure(plot: &Plot, caption: &str, table: &str) -> String {
    format!(
        "<figure><h3>{}</h3><div class=\"wide\" tabindex=\"0\">{}</div><figcaption>{}</figcaption>{table}</figure>",
        escape(plot.title),
        plot.svg(),
        escape(caption)
    )
}

fn phases(timeline: &Timeline) -> String {
    let mut out = "<details open><summary>The phases as a table</summary><div class=\"wide\" tabindex=\"0\"><table><thead><tr>\
                   <th scope=\"col\">number</th><th scope=\"col\">phase</th><th scope=\"col\">seconds</th><th scope=\"col\">pages</th>\
                   <th scope=\"col\">failed</th><th scope=\"col\">p50, ms</th><th scope=\"col\">p95, ms</th>\
                   <th scope=\"col\">calls to the vendor</th></tr></thead><tbody>"
        .to_owned();
    for (number, window) in timeline.windows.iter().enumerate() {
        out.push_str(&phase(number + 1, window, timeline));
    }
    out + "</tbody></table></div></details>"
}

fn phase(number: usize, window: &Window, timeline: &Timeline) -> String {
    let within = |at_ms: i64| (window.from_ms..window.to_ms).contains(&at_ms);
    let samples: Vec<&Sample> = timeline
        .samples
        .iter()
        .filter(|sample| within(sample.at_ms))
        .collect();
    let times: Vec<f64> = samples.iter().map(|sample| sample.took_ms).collect();
    format!(
        "<tr><td>{number}</td><th scope=\"row\">{}{}</th><td>{:.1}</td><td>{}</td><td>{}</td><td>{:.2}</td><td>{:.2}</td><td>{}</td></tr>",
        escape(&window.name),
        if window.is_fault { " (fault)" } else { "" },
        (window.to_ms - window.from_ms) as f64 / 1000.0,
        samples.len(),
        samples.iter().filter(|sample| !sample.is_right).count(),
        percentile(&times, 0.5),
        percentile(&times, 0.95),
        timeline
            .calls
            .iter()
            .filter(|(at_ms, _)| within(*at_ms))
            .count()
    )
}

fn events(title: &str, duplicates: &Duplicates) -> String {
    let rows = [
        ("deliveries", duplicates.deliveries),
        (
            "of them repeated",
            duplicates.deliveries.saturating_sub(duplicates.events),
        ),
        ("events", duplicates.events),
        ("applied", duplicates.applied),
        ("applied twice", duplicates.applied_twice),
        ("lost", duplicates.lost),
        ("forged", duplicates.forged),
        ("forged and accepted", duplicates.forged_accepted),
    ];
    let highest = rows.iter().map(|row| row.1).max().unwrap_or(1).max(1);
    let mut out = format!(
        "<figure><h3>{}</h3><div class=\"wide\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">what</th><th scope=\"col\">count</th>\
         <td></td></tr></thead><tbody>",
        escape(title)
    );
    for (what, count) in rows {
        let share = count as f64 / highest as f64 * 100.0;
        let _ = write!(
            out,
            "<tr><th scope=\"row\">{what}</th><td>{count}</td><td style=\"width:60%\"><span class=\"bar\" style=\"width:{share:.1}%\"></span></td></tr>"
        );
    }
    out.push_str("</tbody></table></div><figcaption>Webhooks, applications counted in the log of effects. Forged ones were refused for: ");
    let reasons: Vec<String> = duplicates
        .forged_by_kind
        .iter()
        .map(|(kind, reasons)| format!("{kind}: {reasons}"))
        .collect();
    out.push_str(&escape(&reasons.join("; ")));
    out + ".</figcaption></figure>"
}
