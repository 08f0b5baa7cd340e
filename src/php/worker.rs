//! `Causeway\Worker`: one loop over everything that waits.

use ext_php_rs::boxed::ZBox;
use ext_php_rs::exception::PhpResult;
use ext_php_rs::flags::ClassFlags;
use ext_php_rs::prelude::*;
use ext_php_rs::types::{ZendCallable, ZendHashTable, Zval};

use super::exception_classes::ExceptionClass;
use super::worker_signals::{self, Signals};
use super::{callbacks, exit, raw, throw, value};
use crate::idempotency::worker::{self, AfterFailure, Around, Heartbeat, Task, WorkerOptions};
use crate::store::CallbackError;

/// What a task's result counts as done: the names that process() and its like give.
const DONE: [&str; 6] = ["processed", "sent", "failed", "dead", "refreshed", "rows"];

/// Runs inboxes, outboxes, refreshes and backfills in one loop. Each task gets short turns, so that
/// one that floods does not delay the others; one that throws rests for a while. SIGTERM, SIGINT,
/// SIGQUIT and SIGHUP end the loop after the item at hand, a second one also the call under way.
/// Under systemd it says when it is ready, alive (WatchdogSec=) and about to end.
#[php_class]
#[php(name = "Causeway\\Worker", flags = ClassFlags::Final)]
pub struct PhpWorker {
    options: WorkerOptions,
}

/// The program around the loop, as PHP has it.
struct Process {
    heartbeat: Heartbeat,
}

impl Around for Process {
    fn is_asked_to_stop(&self) -> bool {
        worker_signals::count_of_signals() > 0
    }

    fn memory_bytes(&self) -> u64 {
        resident_bytes().unwrap_or(0)
    }

    fn beat(&self) {
        self.heartbeat.beat();
    }

    fn failed(&self, task: &str, error: CallbackError) -> AfterFailure {
        // exit() inside a task is no failure of the task's.
        if exit::is_asked() {
            return AfterFailure::End(error);
        }
        raw::log(&format!("causeway: worker: {task}: {error}"));
        AfterFailure::GoOn
    }
}

#[php_impl]
impl PhpWorker {
    /// A worker that ends by these limits; without any it runs until a signal.
    ///
    /// @param array<string, mixed>|null $options
    ///   time_limit_s, memory_limit_bytes (of the process), max_items; until_idle (FALSE: TRUE ends
    ///   when nothing is left to do); idle_ms (200: pause between looks), turn_ms (500: the time of
    ///   one task's turn).
    ///
    /// @throws \Causeway\Exception\OptionsException
    pub fn __construct(options: Option<&ZendHashTable>) -> PhpResult<Self> {
        let options = WorkerOptions::parse(&value::options("Worker", options)?)
            .map_err(|error| throw::options("Worker", &error))?;
        Ok(Self { options })
    }

    /// Works until a limit or a signal. A task gets the most items that it may do now, and returns
    /// how many it did: a number, or what process() of an inbox or outbox and refreshStale()
    /// return. It is asked again at once when it did as many.
    ///
    /// @param array<string, callable(int): (int|array<string, mixed>)> $tasks
    ///   By name: ['crm inbox' => fn (int $limit) => $inbox->process($limit, $invalidate),
    ///   'crm outbox' => $outbox->process(...)].
    ///
    /// @return array{
    ///   reason: 'signal'|'memory'|'time'|'items'|'idle',
    ///   tasks: array<string, array{items: int, errors: int}>
    /// }
    #[php(name = "run")]
    pub fn run(&self, tasks: &ZendHashTable) -> PhpResult<ZBox<ZendHashTable>> {
        let mut tasks = tasks_of(tasks)?;
        let _signals = Signals::take();
        let process = Process {
            heartbeat: Heartbeat::from_environment(),
        };
        process.heartbeat.ready();
        let stopped = worker::work(&mut tasks, &self.options, &process);
        process.heartbeat.stopping();
        let stopped = stopped.map_err(throw::callback)?;
        let count = |count: u64| value::int(i64::try_from(count).unwrap_or(i64::MAX));
        let mut rows = ZendHashTable::new();
        for task in &tasks {
            let row = value::record([
                ("items", count(task.items())),
                ("errors", count(task.errors())),
            ])?;
            rows.insert(task.name(), value::array(row))?;
        }
        value::record([
            ("reason", value::bytes(stopped.name().as_bytes())),
            ("tasks", value::array(rows)),
        ])
    }
}

fn tasks_of(tasks: &ZendHashTable) -> PhpResult<Vec<Task<'_>>> {
    let mut read = Vec::new();
    for (name, callable) in tasks.iter() {
        let name = name.to_string();
        let Ok(callable) = ZendCallable::new(callable) else {
            let message = format!("Worker: task '{name}' must be a callable");
            let field = ("field", value::bytes(name.as_bytes()));
            return Err(throw::exception(ExceptionClass::Options, &message, [field]));
        };
        let step = move |limit: usize| {
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            callbacks::call(&callable, vec![&limit]).map(|done| items_of(&done))
        };
        read.push(Task::new(&name, Box::new(step)));
    }
    Ok(read)
}

/// How many items a task's result says.
fn items_of(result: &Zval) -> usize {
    let number = |value: &Zval| usize::try_from(value.long().unwrap_or(0)).unwrap_or(0);
    match result.array() {
        Some(counts) => DONE
            .iter()
            .filter_map(|name| counts.get(*name))
            .map(number)
            .sum(),
        None => number(result),
    }
}

/// What the process holds: `VmRSS` of `/proc/self/status`, in KiB.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib.saturating_mul(1024))
}
