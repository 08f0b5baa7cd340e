//! What the drill is doing, for the person who waits: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use parking_lot::Mutex;

/// At most one plain line for progress inside a step in this time.
const PLAIN_PAUSE: Duration = Duration::from_secs(5);

/// Shows steps and how far they are.
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    last_plain: Mutex<Instant>,
}

impl Progress {
    /// A bar when standard error is a terminal, else lines.
    pub fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template(
                "{spinner} [{elapsed_precise}] {msg} {wide_bar} {pos}/{len}",
            );
            let bar = ProgressBar::new(0);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(Duration::from_millis(200));
            bar
        });
        Self {
            bar,
            begun: Instant::now(),
            last_plain: Mutex::new(Instant::now()),
        }
    }

    /// A new step begins.
    pub fn step(&self, text: &str) {
        *self.last_plain.lock() = Instant::now();
        match &self.bar {
            Some(bar) => {
                bar.set_length(0);
                bar.set_position(0);
                bar.set_message(text.to_owned());
            }
            None => eprintln!("[{:>4}s] {text}", self.begun.elapsed().as_secs()),
        }
    }

    /// The step is at `done` of `total`.
    pub fn at(&self, done: u64, total: u64, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_length(total);
            bar.set_position(done);
            return;
        }
        let mut last = self.last_plain.lock();
        if last.elapsed() > PLAIN_PAUSE {
            *last = Instant::now();
            eprintln!(
                "[{:>4}s]   {done}/{total} {what}",
                self.begun.elapsed().as_secs()
            );
        }
    }

    /// Something worth a line of its own.
    pub fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("[{:>4}s]   {text}", self.begun.elapsed().as_secs()),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
