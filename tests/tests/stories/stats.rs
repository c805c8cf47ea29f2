//! How soon failures are seen, answered and mended: what `holdfast errors stats` prints, compared
//! with the times that were injected.

use serde_json::{Value as Json, json};

use crate::office::Office;

/// Times as the command prints them: of how many, the mean, and what 95 of 100 did not exceed.
fn times(of: usize, mean: f64, most: f64) -> Json {
    json!({ "of": of, "mean_seconds": mean, "p95_seconds": most })
}

const NONE: usize = 0;

fn never() -> Json {
    json!({ "of": NONE })
}

/// Three invoices cannot be closed: one is redriven once it is paid, one is done by hand, one is
/// nobody's yet.
fn closing(office: &mut Office) {
    office.until(60);
    office.happens_unseen("close", "a", 30);
    let a = office.latest("close");
    office.until(100);
    office.happens("close", "b");
    let b = office.latest("close");
    office.until(60 + 4 * 60);
    office.acknowledge(a.clone());
    office.until(100 + 9 * 60);
    office.resolve(b);
    office.until(1_400);
    office.happens("pay", "a");
    office.until(1_500);
    office.redrive(a);
    office.until(2_000);
    office.happens_unseen("close", "c", 45);
}

/// A reminder hangs beyond its deadline, and then mends itself.
fn reminding(office: &mut Office) {
    office.until(3_000);
    office.hangs("call-http");
    office.happens("remind", "d");
    office.until(3_290);
    office.hangs("handle-error");
    office.until(3_320);
    office.goes_on("handle-error");
    office.until(3_700);
    office.goes_on("call-http");
}

/// What is less urgent: two refusals, and a channel that is not.
fn the_rest(office: &mut Office) {
    office.until(4_000);
    office.happens("archive", "e");
    let e = office.latest("archive");
    office.until(4_100);
    office.claim(e.clone());
    office.until(4_600);
    office.resolve(e);
    office.until(5_000);
    office.happens_unseen("archive", "f", 10);
    let f = office.latest("archive");
    office.until(5_240);
    office.acknowledge(f);
    office.until(5_500);
    office.happens("announce", "g");
    let g = office.latest("announce");
    office.until(10_000);
    office.resolve(g);
}

#[test]
fn the_figures_are_the_times_that_were_injected() {
    let mut office = Office::open();
    closing(&mut office);
    reminding(&mut office);
    the_rest(&mut office);
    let stats = office.stats(None);
    let groups = json!([
        {
            "severity": "P1", "code": "DeadlineExceeded", "count": 1, "open": 0,
            "to_detect": times(1, 20.0, 20.0),
            "to_human": never(),
            "to_resolve": times(1, 400.0, 400.0),
            "without_human": 1.0,
        },
        {
            "severity": "P1", "code": "Refused", "count": 3, "open": 1,
            "to_detect": times(3, 25.0, 45.0),
            "to_human": times(2, 390.0, 540.0),
            "to_resolve": times(2, 990.0, 1_440.0),
            "without_human": 0.0,
        },
        {
            "severity": "P2", "code": "HttpStatus422", "count": 2, "open": 1,
            "to_detect": times(2, 5.0, 10.0),
            "to_human": times(2, 170.0, 240.0),
            "to_resolve": times(1, 600.0, 600.0),
            "without_human": 0.0,
        },
        {
            "severity": "P3", "code": "ChannelNotFound", "count": 1, "open": 0,
            "to_detect": times(1, 0.0, 0.0),
            "to_human": times(1, 4_500.0, 4_500.0),
            "to_resolve": times(1, 4_500.0, 4_500.0),
            "without_human": 0.0,
        },
    ]);
    let printed = serde_json::to_value(&stats).unwrap();
    assert_eq!(printed["groups"], groups);
    let total = json!({
        "count": 7, "open": 2,
        "to_detect": times(7, 15.0, 45.0),
        "to_human": times(5, 1_124.0, 4_500.0),
        "to_resolve": times(5, 1_496.0, 4_500.0),
        "without_human": 0.2,
    });
    assert_eq!(printed["total"], total);
    println!("MTTD 15 s, time to human 1124 s, MTTR 1496 s, 20 % without a human, as injected");
}

#[test]
fn figures_since_a_time_leave_out_what_opened_before() {
    let mut office = Office::open();
    closing(&mut office);
    let late = office.stats(Some(1_999)).total;
    assert_eq!((late.count, late.open), (1, 1));
    assert_eq!(late.to_detect.mean_seconds, Some(45.0));
    assert_eq!(office.stats(None).total.count, 3);
    assert_eq!(office.stats(Some(2_001)).total.count, 0);
}
