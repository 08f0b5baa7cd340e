use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::*;
use crate::clock::UnixMs;

#[derive(Default)]
struct Program {
    asked: Cell<bool>,
    memory: Cell<u64>,
    beats: Cell<u64>,
    failed: RefCell<Vec<String>>,
    ends_at_failure: bool,
}

impl Around for Program {
    fn is_asked_to_stop(&self) -> bool {
        self.asked.get()
    }
    fn memory_bytes(&self) -> u64 {
        self.memory.get()
    }
    fn beat(&self) {
        self.beats.set(self.beats.get() + 1);
    }
    fn failed(&self, task: &str, error: CallbackError) -> AfterFailure {
        self.failed.borrow_mut().push(format!("{task}: {error}"));
        if self.ends_at_failure {
            AfterFailure::End(error)
        } else {
            AfterFailure::GoOn
        }
    }
}

fn until_idle() -> WorkerOptions {
    WorkerOptions {
        until_idle: true,
        ..WorkerOptions::default()
    }
}

/// A queue whose items take so long each.
fn queue<'a>(name: &str, left: &'a Cell<usize>, each: Duration) -> Task<'a> {
    let step = move |limit: usize| {
        let items = left.get().min(limit);
        left.set(left.get() - items);
        clock::advance(each * u32::try_from(items).unwrap());
        Ok(items)
    };
    Task::new(name, Box::new(step))
}

#[test]
fn everything_is_done_and_then_it_is_idle() {
    clock::freeze(UnixMs(0));
    let (a, b) = (Cell::new(1000), Cell::new(7));
    let mut tasks = [
        queue("a", &a, Duration::from_millis(1)),
        queue("b", &b, Duration::ZERO),
    ];
    let program = Program::default();
    assert_eq!(
        work(&mut tasks, &until_idle(), &program).unwrap(),
        Stopped::Idle
    );
    assert_eq!((tasks[0].items(), tasks[1].items()), (1000, 7));
    assert!(program.beats.get() >= 20);
}

/// Premise: one source has 100,000 events of 300 ms each, and its first ones were fast, so that
/// its portions have grown; another source gets an event now and then.
#[test]
fn a_source_that_floods_does_not_delay_the_others() {
    clock::freeze(UnixMs(0));
    let began = clock::monotonic();
    let waits = RefCell::new(Vec::new());
    let arrived = Cell::new(Some(clock::monotonic()));
    let flood = |limit: usize| {
        let is_slow_by_now = clock::monotonic().since(began) > Duration::from_secs(20);
        let each = if is_slow_by_now { 300 } else { 1 };
        for done in 0..limit {
            if turn::is_over() {
                return Ok(done);
            }
            clock::advance(Duration::from_millis(each));
        }
        Ok(limit)
    };
    let other = |_: usize| {
        let Some(since) = arrived.take() else {
            return Ok(0);
        };
        waits.borrow_mut().push(clock::monotonic().since(since));
        // The next one arrives right after this look.
        arrived.set(Some(clock::monotonic()));
        Ok(1)
    };
    let mut tasks = [
        Task::new("flood", Box::new(flood)),
        Task::new("other", Box::new(other)),
    ];
    let options = WorkerOptions {
        time: Some(Duration::from_secs(600)),
        ..WorkerOptions::default()
    };
    assert_eq!(
        work(&mut tasks, &options, &Program::default()).unwrap(),
        Stopped::Time
    );
    let waits = waits.borrow();
    assert!(waits.len() > 1000, "{}", waits.len());
    let longest = waits.iter().max().unwrap();
    assert!(*longest <= Duration::from_millis(800), "{longest:?}");
}

#[test]
fn limits_and_signals_end_it_between_items() {
    clock::freeze(UnixMs(0));
    let left = Cell::new(usize::MAX);
    let time = WorkerOptions {
        time: Some(Duration::from_secs(3)),
        ..WorkerOptions::default()
    };
    let items = WorkerOptions {
        items: Some(7),
        ..WorkerOptions::default()
    };
    let memory = WorkerOptions {
        memory_bytes: Some(100),
        ..WorkerOptions::default()
    };
    for (options, expected, most) in [
        (time, Stopped::Time, 60),
        (items, Stopped::Items, 7),
        (memory, Stopped::Memory, 0),
    ] {
        let mut tasks = [queue("a", &left, Duration::from_millis(100))];
        let program = Program::default();
        program.memory.set(100);
        assert_eq!(work(&mut tasks, &options, &program).unwrap(), expected);
        assert!(
            tasks[0].items() <= most,
            "{expected:?} {}",
            tasks[0].items()
        );
    }
    let program = Rc::new(Program::default());
    let asks = Rc::clone(&program);
    let step = move |limit: usize| {
        asks.asked.set(true);
        Ok(limit)
    };
    let mut tasks = [Task::new("a", Box::new(step))];
    let stopped = work(&mut tasks, &WorkerOptions::default(), program.as_ref());
    assert_eq!(stopped.unwrap(), Stopped::Signal);
    assert_eq!(tasks[0].items(), 1, "what was begun is finished");
}

#[test]
fn a_task_that_fails_rests_and_the_others_go_on() {
    clock::freeze(UnixMs(0));
    let began = clock::monotonic();
    let tries = RefCell::new(Vec::new());
    let broken = |_: usize| {
        tries
            .borrow_mut()
            .push(clock::monotonic().since(began).as_secs());
        Err(CallbackError::new("down"))
    };
    let left = Cell::new(5);
    let mut tasks = [
        Task::new("broken", Box::new(broken)),
        queue("a", &left, Duration::ZERO),
    ];
    let program = Program::default();
    let options = WorkerOptions {
        time: Some(Duration::from_secs(62)),
        ..WorkerOptions::default()
    };
    assert_eq!(work(&mut tasks, &options, &program).unwrap(), Stopped::Time);
    assert_eq!(*tries.borrow(), [0, 1, 3, 7, 15, 31, 61]);
    assert_eq!((tasks[0].errors(), tasks[1].items()), (7, 5));
    assert_eq!(program.failed.borrow()[0], "broken: down");
}

#[test]
fn a_failure_may_end_the_program() {
    clock::freeze(UnixMs(0));
    let program = Program {
        ends_at_failure: true,
        ..Program::default()
    };
    let mut tasks = [Task::new(
        "a",
        Box::new(|_| Err(CallbackError::new("exit"))),
    )];
    let ended = work(&mut tasks, &until_idle(), &program).unwrap_err();
    assert_eq!(ended.message, "exit");
}

#[test]
fn options_are_checked() {
    use crate::options::Value;
    for name in [
        "time_limit_s",
        "memory_limit_bytes",
        "max_items",
        "idle_ms",
        "turn_ms",
    ] {
        let options = Value::map([(name, Value::Int(0))]);
        assert_eq!(WorkerOptions::parse(&options).unwrap_err().field, name);
    }
    assert_eq!(
        WorkerOptions::parse(&Value::Null).unwrap(),
        WorkerOptions::default()
    );
}
