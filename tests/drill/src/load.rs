//! Visitors: a fixed small number of clients that ask for pages and keep every measurement.
//!
//! Each client asks for the next address of a shared list as soon as the last page has come (and
//! a think time, if one is set), so two runs over the same list with the same number of clients
//! are the same work. A page fails when it does not come, comes with another status than 200, or
//! lacks the text that it must show.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::task::JoinHandle;

use crate::failure::Outcome;
use crate::processes::unix_ms;

/// One address, and the text without which its page is wrong.
#[derive(Clone, Debug)]
pub struct Page {
    /// The full URL.
    pub url: String,
    /// What the body must contain.
    pub must_show: String,
}

/// One page as a visitor saw it.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// When the request was sent, Unix milliseconds.
    pub at_ms: i64,
    /// Until the last byte, milliseconds.
    pub took_ms: f64,
    /// Whether it was the right page.
    pub is_right: bool,
}

/// How much is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Visitors {
    /// At once.
    pub clients: usize,
    /// Between a page and the next of the same client.
    pub think: Duration,
}

/// A load that goes on until it is stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    samples: Arc<Mutex<Vec<Sample>>>,
    failure: Arc<Mutex<Option<String>>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the clients over `pages`, again and again.
    pub fn start(http: &reqwest::Client, pages: &[Page], visitors: Visitors) -> Self {
        let load = Self {
            stop: Arc::default(),
            samples: Arc::default(),
            failure: Arc::default(),
            clients: Vec::new(),
        };
        let pages: Arc<[Page]> = pages.into();
        let next = Arc::new(AtomicUsize::new(0));
        let clients = (0..visitors.clients)
            .map(|_| {
                let (http, pages, next) = (http.clone(), Arc::clone(&pages), Arc::clone(&next));
                let (stop, samples) = (Arc::clone(&load.stop), Arc::clone(&load.samples));
                let failure = Arc::clone(&load.failure);
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed) % pages.len().max(1);
                        let Some(page) = pages.get(index) else { return };
                        let (sample, why) = visit(&http, page).await;
                        samples.lock().push(sample);
                        if let Some(why) = why {
                            failure.lock().get_or_insert(why);
                        }
                        if !visitors.think.is_zero() {
                            tokio::time::sleep(visitors.think).await;
                        }
                    }
                })
            })
            .collect();
        Self { clients, ..load }
    }

    /// Pages so far.
    pub fn pages(&self) -> usize {
        self.samples.lock().len()
    }

    /// Why the first wrong page was wrong.
    pub fn first_failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }

    /// Goes on until there were `pages` pages and `time` has passed.
    pub async fn until(&self, pages: usize, time: Duration, mut tell: impl FnMut(usize)) {
        let end = Instant::now() + time;
        while self.pages() < pages || Instant::now() < end {
            tell(self.pages());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tell(self.pages());
    }

    /// Ends the clients after the page that they are at.
    pub async fn stop(self) -> Outcome<Vec<Sample>> {
        self.stop.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.await?;
        }
        Ok(std::mem::take(&mut *self.samples.lock()))
    }
}

/// Asks for one page; the reason is there when it is wrong.
pub async fn visit(http: &reqwest::Client, page: &Page) -> (Sample, Option<String>) {
    let at_ms = unix_ms();
    let begun = Instant::now();
    let answer = async {
        let response = http.get(&page.url).send().await?;
        let status = response.status().as_u16();
        Ok::<_, reqwest::Error>((status, response.text().await?))
    };
    let why = match answer.await {
        Ok((200, body)) if body.contains(&page.must_show) => None,
        Ok((200, _)) => Some(format!("{} does not show {:?}", page.url, page.must_show)),
        Ok((status, body)) => Some(format!(
            "{} answered {status}: {}",
            page.url,
            body.chars().take(300).collect::<String>()
        )),
        Err(error) => Some(format!("{}: {error:?}", page.url)),
    };
    let took_ms = begun.elapsed().as_secs_f64() * 1000.0;
    (
        Sample {
            at_ms,
            took_ms,
            is_right: why.is_none(),
        },
        why,
    )
}

/// How many of them were wrong.
pub fn failed(samples: &[Sample]) -> usize {
    samples.iter().filter(|sample| !sample.is_right).count()
}

/// Their durations in milliseconds.
pub fn durations(samples: &[Sample]) -> Vec<f64> {
    samples.iter().map(|sample| sample.took_ms).collect()
}
