//! Plots as inline SVG: lines and bars over time, with shaded windows. No script, no network.
//!
//! Colours come from the page's custom properties, so that a plot follows light and dark mode.
//! Every plot has a title and a description for those who cannot see it; the page puts the same
//! numbers into a table below.

use std::fmt::Write;

use crate::stage::Window;

const WIDTH: f64 = 960.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 8.0;
const TOP: f64 = 20.0;
const BOTTOM: f64 = 34.0;

/// A line, or the bars of one layer: (seconds, value).
pub struct Series<'a> {
    /// For the legend.
    pub name: &'a str,
    /// The suffix of its class: `p50`, `p95`, `good`, `bad`.
    pub class: &'a str,
    pub points: Vec<(f64, f64)>,
}

/// Lines or stacked bars?
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Lines,
    /// As wide as this many seconds.
    Bars,
}

/// One plot over time.
pub struct Plot<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub description: String,
    pub unit: &'a str,
    pub from_ms: i64,
    pub seconds: f64,
    /// Between two points of a series, seconds.
    pub step_s: f64,
    pub shape: Shape,
    pub series: Vec<Series<'a>>,
    pub windows: &'a [Window],
}

impl Plot<'_> {
    fn x(&self, seconds: f64) -> f64 {
        LEFT + seconds / self.seconds.max(0.001) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, value: f64, top: f64) -> f64 {
        HEIGHT - BOTTOM - (value / top).clamp(0.0, 1.0) * (HEIGHT - TOP - BOTTOM)
    }

    /// The upper end of the scale: a round number not below the highest value.
    fn top(&self) -> f64 {
        let highest = self
            .series
            .iter()
            .flat_map(|one| &one.points)
            .map(|point| point.1)
            .fold(0.0, f64::max);
        round_up(highest)
    }

    /// The whole element.
    pub fn svg(&self) -> String {
        let top = self.top();
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\">\
             <title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
            escape(self.title),
            escape(&self.description),
            id = self.id,
        );
        self.shade(&mut out);
        self.axes(&mut out, top);
        for (layer, series) in self.series.iter().enumerate() {
            match self.shape {
                Shape::Lines => self.line(&mut out, series, top),
                Shape::Bars => self.bars(&mut out, layer, top),
            }
        }
        out.push_str("</svg>");
        out
    }

    fn shade(&self, out: &mut String) {
        for (number, window) in self.windows.iter().enumerate() {
            let from = (window.from_ms - self.from_ms) as f64 / 1000.0;
            let to = (window.to_ms - self.from_ms) as f64 / 1000.0;
            if to < 0.0 || from > self.seconds {
                continue;
            }
            let (x, width) = (self.x(from), self.x(to) - self.x(from));
            let class = if window.is_fault { "fault" } else { "phase" };
            // A number fits above a narrow band; its name is in the table below, and on hovering.
            let _ = write!(
                out,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{:.1}\">\
                 <title>{number}: {name}</title></rect>\
                 <text class=\"name\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{number}</text>",
                HEIGHT - TOP - BOTTOM,
                x + width / 2.0,
                TOP - 6.0,
                name = escape(&window.name),
                number = number + 1,
            );
        }
    }

    fn axes(&self, out: &mut String, top: f64) {
        for part in 0..=4 {
            let value = top * f64::from(part) / 4.0;
            let y = self.y(value, top);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{:.1}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{value}</text>",
                WIDTH - RIGHT,
                LEFT - 5.0,
                y + 4.0
            );
        }
        let step = round_up(self.seconds / 10.0);
        let mut at = 0.0;
        while at <= self.seconds {
            let _ = write!(
                out,
                "<text class=\"tick\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{at} s</text>",
                self.x(at),
                HEIGHT - BOTTOM + 16.0
            );
            at += step;
        }
        let _ = write!(
            out,
            "<text class=\"tick\" x=\"2\" y=\"{:.1}\">{}</text>",
            TOP - 6.0,
            escape(self.unit)
        );
        for (number, series) in self.series.iter().enumerate() {
            let x = LEFT + 150.0 * number as f64;
            let y = HEIGHT - 6.0;
            let _ = write!(
                out,
                "<rect class=\"fill {0}\" x=\"{x}\" y=\"{1:.1}\" width=\"12\" height=\"8\"/>\
                 <text class=\"tick\" x=\"{2:.1}\" y=\"{y:.1}\">{3}</text>",
                series.class,
                y - 8.0,
                x + 16.0,
                escape(series.name)
            );
        }
    }

    fn line(&self, out: &mut String, series: &Series, top: f64) {
        let mut path = String::new();
        let mut last = f64::NEG_INFINITY;
        for (at, value) in &series.points {
            // A gap in the load is a gap in the line.
            let verb = if at - last > 3.0 * self.step_s {
                'M'
            } else {
                'L'
            };
            let _ = write!(path, "{verb}{:.1} {:.1}", self.x(*at), self.y(*value, top));
            last = *at;
        }
        let _ = write!(out, "<path class=\"line {}\" d=\"{path}\"/>", series.class);
    }

    /// One layer of the stacked bars, on top of the layers before it.
    fn bars(&self, out: &mut String, layer: usize, top: f64) {
        let Some(series) = self.series.get(layer) else {
            return;
        };
        let width = (self.x(self.step_s) - self.x(0.0) - 0.6).max(0.8);
        for (index, (at, value)) in series
            .points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.1 > 0.0)
        {
            let below: f64 = self
                .series
                .iter()
                .take(layer)
                .filter_map(|one| one.points.get(index))
                .map(|one| one.1)
                .sum();
            let (y, floor) = (self.y(below + value, top), self.y(below, top));
            let _ = write!(
                out,
                "<rect class=\"fill {}\" x=\"{:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\"/>",
                series.class,
                self.x(*at),
                floor - y
            );
        }
    }
}

/// 1, 2, 4 or 5 times a power of ten, not below `value`.
fn round_up(value: f64) -> f64 {
    if value <= 0.0 {
        return 1.0;
    }
    let unit = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 5.0, 10.0]
        .into_iter()
        .map(|times| times * unit)
        .find(|round| *round >= value)
        .unwrap_or(value)
}

/// Text for HTML and SVG.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, expected) in [
            (0.0, 1.0),
            (0.3, 0.4),
            (1.0, 1.0),
            (3.1, 4.0),
            (4.4, 5.0),
            (72.0, 100.0),
        ] {
            assert!((round_up(value) - expected).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(
            escape("<a href=\"x\">&"),
            "&lt;a href=&quot;x&quot;&gt;&amp;"
        );
    }
}
