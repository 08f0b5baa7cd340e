use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;

use super::*;
use crate::segment::Segment;
use crate::segment::layout::POSTS;

const KEY: [u8; 32] = [7; 32];
const LONG: Duration = Duration::from_secs(10);

fn group(segment: &Segment) -> Group {
    segment.group(&KEY)
}

fn cell(segment: &Segment, place: usize) -> &PostCell {
    &segment.shared.layout().posts[place]
}

#[test]
fn what_is_posted_is_taken_once_and_answered() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let posts = [&b"one"[..], b"two"].map(|bytes| group.post(bytes).unwrap());
    assert_eq!(posts.each_ref().map(Post::outcome), [None, None]);
    let taken = group.take();
    let found: Vec<_> = taken.iter().filter_map(Taken::bytes).collect();
    assert_eq!(found, [b"one", b"two"]);
    assert!(group.take().is_empty(), "but those are given back");
    let again = [&b"one"[..], b"two"].map(|bytes| group.post(bytes).unwrap());
    for (taken, answer) in group.take().into_iter().zip([true, false]) {
        taken.answer(answer);
    }
    let outcomes = again.each_ref().map(Post::outcome);
    assert_eq!(outcomes[0], Some(Outcome::Answered(true)));
    assert_eq!(outcomes[1], Some(Outcome::Answered(false)));
}

#[test]
fn another_groups_posts_are_left_alone() {
    let segment = Segment::in_process();
    let other = segment.group(&[8; 32]);
    let post = other.post(b"theirs").unwrap();
    assert!(group(&segment).take().is_empty());
    group(&segment).call();
    assert_eq!(
        phase(cell(&segment, post.place).state.load(Ordering::SeqCst)),
        Phase::Posted
    );
    assert_eq!(other.take().len(), 1);
}

#[test]
fn sizes_up_to_the_largest_come_back_whole() {
    let segment = Segment::in_process();
    let group = group(&segment);
    for length in [0, 1, 7, 8, 9, 2048, POST_MAX_BYTES - 1, POST_MAX_BYTES] {
        let bytes: Vec<u8> = (0..length).map(|n| (n * 31 % 251) as u8).collect();
        let _post = group.post(&bytes).unwrap();
        assert_eq!(group.take()[0].bytes(), Some(&bytes[..]), "{length}");
    }
    assert!(group.post(&vec![1; POST_MAX_BYTES + 1]).is_none());
}

#[test]
fn there_are_so_many_places_and_no_more() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let mut posts: Vec<_> = (0..POSTS).map(|_| group.post(b"x").unwrap()).collect();
    assert!(group.post(b"one more").is_none());
    assert!(posts.pop().unwrap().withdraw());
    assert!(group.post(b"one more").is_some());
    assert_eq!(group.take().len(), POSTS - 1, "the last one was dropped");
}

#[test]
fn who_withdraws_is_not_worked_for_and_who_is_taken_cannot() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let post = group.post(b"x").unwrap();
    assert!(post.withdraw());
    assert!(group.take().is_empty());
    assert_eq!(post.outcome(), Some(Outcome::GivenBack));
    let post = group.post(b"x").unwrap();
    let taken = group.take();
    assert!(!post.withdraw());
    assert_eq!(post.outcome(), None);
    drop(taken);
    assert_eq!(
        post.outcome(),
        Some(Outcome::GivenBack),
        "a leader that failed"
    );
}

#[test]
fn what_a_leader_left_that_is_gone_is_given_back_by_the_next() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let post = group.post(b"x").unwrap();
    // As a kill does it: nothing is dropped.
    std::mem::forget(group.take());
    assert_eq!(post.outcome(), None);
    assert!(group.take().is_empty());
    assert_eq!(post.outcome(), Some(Outcome::GivenBack));
}

#[test]
fn what_is_torn_is_given_back_unread() {
    let segment = Segment::in_process();
    let group = group(&segment);
    for spoil in [
        (|cell: &PostCell| &cell.bytes[0]) as fn(&PostCell) -> &std::sync::atomic::AtomicU64,
        |cell| &cell.length,
        |cell| &cell.checksum,
    ] {
        let post = group.post(b"0123456789").unwrap();
        spoil(cell(&segment, post.place)).fetch_xor(1, Ordering::SeqCst);
        let taken = group.take();
        assert_eq!(taken[0].bytes(), None);
        drop(taken);
        assert_eq!(post.outcome(), Some(Outcome::GivenBack));
    }
}

#[test]
fn a_place_whose_lease_is_over_is_anothers_and_stays_so() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let posts: Vec<_> = (0..POSTS).map(|_| group.post(b"old").unwrap()).collect();
    let taken = group.take();
    cell(&segment, posts[3].place)
        .until
        .store(0, Ordering::SeqCst);
    let new = group.post(b"new").unwrap();
    assert_eq!(new.place, posts[3].place);
    assert_eq!(posts[3].outcome(), Some(Outcome::GivenBack));
    assert!(!posts[3].withdraw());
    // Neither the one before nor its leader says anything to the new one any more.
    for taken in taken {
        taken.answer(true);
    }
    drop(posts);
    assert_eq!(new.outcome(), None);
    assert_eq!(group.take()[0].bytes(), Some(&b"new"[..]));
}

#[test]
fn bytes_are_wiped_when_their_owner_is_done() {
    let segment = Segment::in_process();
    let group = group(&segment);
    for is_answered in [true, false] {
        let post = group.post(b"a secret of somebody").unwrap();
        let place = post.place;
        if is_answered {
            group.take().remove(0).answer(true);
        }
        drop(post);
        let words = cell(&segment, place).bytes.iter();
        assert!(
            words
                .map(|word| word.load(Ordering::SeqCst))
                .all(|word| word == 0)
        );
        assert_eq!(
            phase(cell(&segment, place).state.load(Ordering::SeqCst)),
            Phase::Free
        );
    }
}

#[test]
fn one_is_called_at_a_time_and_sleeps_on_when_it_knows() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let mut posts = [&b"one"[..], b"two"].map(|bytes| group.post(bytes).unwrap());
    group.call();
    let called = |post: &Post| phase(cell(&segment, post.place).state.load(Ordering::SeqCst));
    assert_eq!(posts.each_ref().map(called), [Phase::Called, Phase::Posted]);
    // News: it does not sleep. The second time it does, and nobody wakes it.
    let began = clock::running();
    posts[0].wait(LONG);
    assert!(clock::running().since(began) < LONG / 2);
    posts[0].wait(Duration::from_millis(1));
    group.call();
    assert_eq!(posts.each_ref().map(called), [Phase::Called; 2]);
    assert_eq!(group.take().len(), 2);
}

#[test]
fn an_answer_wakes_its_owner() {
    let segment = Segment::in_process();
    let group = group(&segment);
    let mut post = group.post(b"x").unwrap();
    std::thread::scope(|scope| {
        let owner = scope.spawn(|| {
            let began = clock::running();
            while post.outcome().is_none() {
                post.wait(LONG);
            }
            clock::running().since(began)
        });
        group.take().remove(0).answer(true);
        assert!(owner.join().unwrap() < LONG / 2);
    });
}

/// Threads that post and lead as a store does it: each request is done once, whoever does it.
#[test]
fn racing_processes_do_each_thing_once() {
    const EACH: usize = 300;
    let segment = Segment::in_process();
    let lock = Mutex::new(());
    let done: Vec<AtomicUsize> = (0..8 * EACH).map(|_| AtomicUsize::new(0)).collect();
    let by_others = AtomicUsize::new(0);
    let lead = |group: &Group, mine: Option<usize>| {
        let guard = lock.try_lock().ok()?;
        if let Some(mine) = mine {
            done[mine].fetch_add(1, Ordering::SeqCst);
        }
        for taken in group.take() {
            let bytes = taken.bytes().unwrap().try_into().unwrap();
            done[usize::from_le_bytes(bytes)].fetch_add(1, Ordering::SeqCst);
            by_others.fetch_add(1, Ordering::SeqCst);
            taken.answer(true);
        }
        drop(guard);
        group.call();
        Some(())
    };
    std::thread::scope(|scope| {
        // Nobody leads until somebody waits: there is one at least who is worked for.
        let guard = lock.lock().unwrap();
        for thread in 0..8 {
            let (segment, lead) = (&segment, &lead);
            scope.spawn(move || {
                let group = group(segment);
                for number in (0..EACH).map(|n| thread * EACH + n) {
                    if lead(&group, Some(number)).is_some() {
                        continue;
                    }
                    let mut post = group.post(&number.to_le_bytes()).unwrap();
                    while post.outcome().is_none() {
                        lead(&group, None);
                        post.wait(Duration::from_millis(1));
                    }
                    assert_eq!(post.outcome(), Some(Outcome::Answered(true)));
                }
            });
        }
        while group(&segment).waiting() == 0 {
            std::thread::yield_now();
        }
        drop(guard);
    });
    assert!(done.iter().all(|times| times.load(Ordering::SeqCst) == 1));
    assert!(
        by_others.load(Ordering::SeqCst) > 0,
        "nobody ever worked for another"
    );
}
