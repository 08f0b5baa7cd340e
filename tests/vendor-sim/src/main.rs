//! The simulator as a program: options, the line that says it is ready, and its end.
//!
//! It must never outlive the drill that started it: it ends on SIGTERM or SIGINT, on end of stdin
//! when that is its lifeline, and in any case after `--max-seconds`.

use std::io::Write;
use std::time::Duration;

use clap::Parser;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};

/// Simulated vendors on loopback; README.md says what they serve.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// Lifetime of access tokens, in seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    token_lifetime_s: u64,
    /// Ends by itself after so many seconds.
    #[arg(long, default_value_t = 3_600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_seconds: u64,
    /// Ends when stdin ends.
    #[arg(long)]
    stdin_lifeline: bool,
}

fn main() -> Result<(), vendor_sim::identity::KeyError> {
    let options = Options::parse();
    // The machine is shared with those under test: two threads are enough for some thousand
    // requests a second.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let ended = runtime.block_on(serve(&options));
    // Reading stdin blocks a thread that cannot be stopped: do not wait for it.
    runtime.shutdown_background();
    ended
}

async fn serve(options: &Options) -> Result<(), vendor_sim::identity::KeyError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let running = vendor_sim::start(options.token_lifetime_s).await?;
    let line = serde_json::to_string(&running.world.urls)?;
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()?;
    drop(stdout);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = tokio::time::sleep(Duration::from_secs(options.max_seconds)) => {}
        () = stdin_ends(), if options.stdin_lifeline => {}
    }
    Ok(())
}

/// Returns at end of stdin, or when it cannot be read any more.
async fn stdin_ends() {
    let mut stdin = tokio::io::stdin();
    let mut ignored = [0_u8; 1_024];
    while matches!(stdin.read(&mut ignored).await, Ok(count) if count > 0) {}
}
