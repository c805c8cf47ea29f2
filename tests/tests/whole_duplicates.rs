//! Every message and request twice, at once and after it was settled, and every message as late as
//! its last receive: the end is the same as in the calm run, and no outcome is unknown.

use holdfast_tests::whole::{Mishap, Run, Scenario, each};

fn comes_to_the_same_end(scenario: &Scenario, calm: &Run, mishap: Mishap) -> Option<String> {
    let run = Run::with(scenario, mishap);
    let unknown = run.end.unknown();
    assert!(unknown.is_empty(), "{mishap:?} leaves {unknown:?} unknown");
    let differences = calm.end.differences(&scenario.pack, &run.end);
    (!differences.is_empty()).then(|| format!("{mishap:?}:\n{}", differences.join("\n")))
}

fn bears_duplicates(scenario: &Scenario) {
    let calm = Run::with(scenario, Mishap::None);
    let flights = calm.flights.len();
    let singles = (0..flights).flat_map(|number| {
        [
            Mishap::Twin(number),
            Mishap::Again(number),
            Mishap::Doomed(number),
        ]
    });
    let mishaps: Vec<_> = singles.chain([Mishap::Twins, Mishap::AllAgain]).collect();
    let broken = each(mishaps.len() as u64, |number| {
        comes_to_the_same_end(scenario, &calm, mishaps[number as usize])
    });
    let broken: Vec<_> = broken.into_iter().flatten().collect();
    assert!(
        broken.is_empty(),
        "{} differ:\n{}",
        broken.len(),
        broken.join("\n\n")
    );
}

#[test]
fn a_day_at_the_dentists_bears_every_duplicate() {
    bears_duplicates(&Scenario::dental());
}

#[test]
fn a_cancelled_booking_bears_every_duplicate() {
    bears_duplicates(&Scenario::cancelled());
}

#[test]
fn racing_orders_bear_every_duplicate() {
    bears_duplicates(&Scenario::orders());
}

#[test]
fn a_refused_order_bears_every_duplicate() {
    bears_duplicates(&Scenario::mended());
}

#[test]
fn a_party_bears_every_duplicate() {
    bears_duplicates(&Scenario::party());
}
