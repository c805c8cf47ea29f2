//! Steps that read what their receiver gives page by page.

mod paging;

use std::time::Duration;

use holdfast_tests::faulty::Schedule;
use holdfast_tests::random::Random;
use holdfast_tests::world::Crew;
use jiff::{SignedDuration, Timestamp};
use paging::{LATER, Library, NUMBERS, RETURNS};
use serde_json::{Value as Json, json};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

/// The books of four pages.
fn all() -> Json {
    json!([0, 1, 2, 3, 4, 5, 6, 7])
}

/// How one reader of a library ends: the state and the code of its error.
fn ends(library: &Library) -> (String, String, String) {
    library.start(1);
    library.world.run_for(MINUTE);
    let entry = library.entry();
    let error = entry.error.expect("it failed");
    (entry.state.name().to_owned(), error.code, error.message)
}

#[test]
fn the_items_of_all_pages_are_the_result() {
    let library = Library::of("", NUMBERS, RETURNS);
    library.start(1);
    library.world.run_for(MINUTE);
    let entry = library.entry();
    assert_eq!(entry.output, Some(json!({ "numbers": all() })));
    assert_eq!(entry.pages, Some(4));
    assert_eq!(library.read(), [0, 1, 2, 3]);
    assert_eq!(library.keys().len(), 4, "a page is a call of its own");
    assert_eq!(library.entries("tell.1").len(), 1);
}

#[test]
fn without_returns_the_items_stand_beside_what_the_function_keeps() {
    let library = Library::of("", NUMBERS, "");
    library.start(1);
    library.world.run_for(MINUTE);
    let expected = json!({ "status": 200, "numbers": all() });
    assert_eq!(library.entry().output, Some(expected));
}

#[test]
fn a_receiver_with_one_page_is_called_once() {
    let library = Library::of("", NUMBERS, RETURNS);
    library.shelf.lock().unwrap().pages = 1;
    library.start(1);
    library.world.run_for(MINUTE);
    let entry = library.entry();
    assert_eq!(entry.output, Some(json!({ "numbers": [0, 1] })));
    assert_eq!((library.read().len(), entry.pages), (1, Some(1)));
}

/// The most calls within any second.
fn densest(calls: &[Timestamp]) -> usize {
    let within = |from: &Timestamp| {
        let end = *from + SECOND;
        let since = calls.iter().filter(|at| *at >= from);
        since.filter(|at| **at < end).count()
    };
    calls.iter().map(within).max().unwrap_or_default()
}

#[test]
fn each_page_takes_a_turn_of_its_connection() {
    let library = Library::of("rate: 4/s", NUMBERS, RETURNS);
    library.start(10);
    assert!(Crew::new(&library.world, 1, 10, 10).run_for(HOUR));
    let mut calls: Vec<_> = library.calls().iter().map(|call| call.at).collect();
    calls.sort_unstable();
    let took = calls[calls.len() - 1].duration_since(calls[0]);
    println!(
        "{} pages in {took:?}, at most {} in a second",
        calls.len(),
        densest(&calls)
    );
    assert_eq!(densest(&calls), 4);
    let entries = library.entries("read.1");
    assert!(
        entries
            .iter()
            .all(|entry| entry.output == Some(json!({ "numbers": all() })))
    );
    assert_eq!(entries.len(), 10);
}

#[test]
fn a_failure_in_the_middle_reads_all_pages_again_when_the_receiver_asks_for_it() {
    let library = Library::of("", NUMBERS, RETURNS);
    library.shelf.lock().unwrap().fails = (2, 1);
    library.start(1);
    library.world.run_for(HOUR);
    assert_eq!(library.read(), [0, 1, 2, 0, 1, 2, 3]);
    let calls = library.calls();
    let waited = calls[3].at.duration_since(calls[2].at);
    assert!(
        waited >= SignedDuration::try_from(LATER).unwrap(),
        "{waited:?}"
    );
    let entry = library.entry();
    assert_eq!(entry.output, Some(json!({ "numbers": all() })));
    assert_eq!(entry.progress.attempt, 2);
    assert_eq!(library.keys().len(), 4, "a page keeps its key");
}

#[test]
fn a_failure_says_which_page_it_is_of() {
    let library = Library::of("", NUMBERS, RETURNS);
    library.shelf.lock().unwrap().fails = (2, 1);
    library.start(1);
    library.world.run_for(SECOND);
    let line = library.entry().attempts.pop().unwrap();
    assert_eq!(line.message, "page 3: the receiver answered 429");
    assert_eq!(line.code, "NotSent");
}

#[test]
fn the_time_of_the_step_is_that_of_all_pages_together() {
    let more = format!("{RETURNS}\n    timeout: 3s\n    retry: [1m]");
    let library = Library::of("rate: 1/s", NUMBERS, &more);
    library.start(1);
    library.world.run_for(10 * SECOND);
    let timeouts: Vec<_> = library.calls().iter().map(|call| call.timeout).collect();
    assert_eq!(timeouts, [3_000, 1_980, 960].map(Duration::from_millis));
    let line = library.entry().attempts.pop().unwrap();
    assert_eq!(line.code, "TimedOut");
    library.world.run_for(HOUR);
    assert_eq!(library.entry().state.name(), "failed");
    assert_eq!(
        library.read().len(),
        6,
        "the second attempt has as much time"
    );
}

#[test]
fn more_pages_than_are_allowed_are_an_error_and_never_cut_off() {
    let library = Library::of("", &NUMBERS.replace("max: 20", "max: 3"), RETURNS);
    let (state, code, message) = ends(&library);
    assert_eq!((state.as_str(), code.as_str()), ("failed", "TooManyPages"));
    assert_eq!(message, "there is a page after the 3 of `pages.max`");
    assert_eq!(library.read(), [0, 1, 2]);
    let enough = Library::of("", &NUMBERS.replace("max: 20", "max: 4"), RETURNS);
    enough.start(1);
    enough.world.run_for(MINUTE);
    assert_eq!(enough.entry().pages, Some(4));
}

#[test]
fn pages_that_go_in_a_circle_end_at_once() {
    let library = Library::of("", NUMBERS, RETURNS);
    library.shelf.lock().unwrap().leads = [(2, 1)].into();
    let (state, code, message) = ends(&library);
    assert_eq!((state.as_str(), code.as_str()), ("failed", "PageRepeated"));
    assert_eq!(message, "page 3 leads back to a page that was read already");
    assert_eq!(library.read(), [0, 1, 2]);
}

#[test]
fn items_that_are_too_large_fail_before_more_are_read() {
    let library = Library::of("", &NUMBERS.replace("b.number", "b"), "");
    library.shelf.lock().unwrap().words = 10_000;
    let (state, code, message) = ends(&library);
    assert_eq!(
        (state.as_str(), code.as_str()),
        ("failed", "ResultTooLarge")
    );
    assert!(
        message.starts_with("page 2 brings the items to 40"),
        "{message}"
    );
    assert_eq!(library.read(), [0, 1]);
}

#[test]
fn what_is_no_list_of_items_is_named() {
    let library = Library::of(
        "",
        &NUMBERS.replace("response.body.books.map(b, b.number)", "response.body.next"),
        RETURNS,
    );
    let (state, code, message) = ends(&library);
    assert_eq!(
        (state.as_str(), code.as_str()),
        ("failed", "InvalidResponse")
    );
    assert_eq!(message, "pages.items of page 1: it is not a list");
}

#[test]
fn every_reader_gets_all_pages_whatever_crashes_or_is_repeated() {
    let (mut calls, mut readers) = (0, 0);
    for seed in 0..30 {
        let library = Library::of("rate: 8/s", NUMBERS, RETURNS);
        library.start(12);
        let faults = &library.world.faults;
        let percent = [0, 2, 5][usize::try_from(seed % 3).unwrap()];
        faults.schedule(Schedule::Seeded(Random::new(seed), percent));
        Crew::new(&library.world, seed, 3, 8)
            .repeating(10)
            .run_for(HOUR);
        faults.schedule(Schedule::Never);
        library.world.redrive();
        Crew::new(&library.world, seed, 3, 8).run_for(2 * HOUR);
        let entries = library.entries("read.1");
        let own = json!({ "numbers": all() });
        let missing = entries
            .iter()
            .find(|entry| entry.output.as_ref() != Some(&own));
        assert!(missing.is_none(), "seed {seed}: {missing:?}");
        assert_eq!(entries.len(), 12, "seed {seed}");
        let mut at: Vec<_> = library.calls().iter().map(|call| call.at).collect();
        at.sort_unstable();
        assert!(densest(&at) <= 8, "seed {seed}");
        assert_eq!(library.keys().len(), 48, "seed {seed}");
        calls += at.len();
        readers += 12;
    }
    println!("{calls} pages for {readers} readers of 4");
    assert!(calls > 4 * readers, "some were read again");
}
