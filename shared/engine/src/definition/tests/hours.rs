//! Hours of packs, connections and steps, and when a step expires.

use super::*;
use crate::hours::{Range, Zone};
use crate::name::{ConnectionName, WorkflowName};

const PACK: &str = "pack: dental\n";
const BOOKING: &str = "booking.workflow.yaml";
const INSURANCE: &str = "insurance-verification.workflow.yaml";
const PAYER: &str = "payer.connection.yaml";

const HOURS: &str = "\
hours:
  office:
    tz: America/New_York
    open: { mon-fri: [\"13:00-18:00\", \"08:00-12:00\"], sat: \"22:00-02:00\" }
    holidays: [2026-12-25]
  weekend: { tz: =config.tz, open: { sat-sun: \"08:00-18:00\" } }
  sunday: { tz: America/New_York, open: { sun: \"08:00-18:00\" } }
";

/// The example with hours, and further edits.
fn timed(edits: &[(&str, &str, &str)]) -> Files {
    let mut files = edited("pack.yaml", PACK, &format!("{PACK}{HOURS}"));
    for (path, old, new) in edits {
        let text = files.get_mut(*path).unwrap();
        assert!(text.contains(old), "{path} holds no {old:?}");
        *text = text.replacen(old, new, 1);
    }
    files
}

#[test]
fn hours_and_an_expiry_are_kept_as_they_are_written() {
    let (pack, remarks) = loaded(&timed(&[
        (PAYER, "kind: http", "kind: http\nhours: office"),
        (
            INSURANCE,
            "timeout: 5s",
            "hours: weekend\n    expires: =record.starts_at",
        ),
    ]));
    assert!(remarks.is_empty(), "{}", rendered(&remarks));
    let payer = &pack.connections[&ConnectionName::new("payer").unwrap()];
    let office = payer.hours.as_ref().unwrap();
    let range = |text: &str| text.parse::<Range>().unwrap();
    assert_eq!(office.week[0], [range("08:00-12:00"), range("13:00-18:00")]);
    assert_eq!(office.week[5], [range("22:00-02:00")]);
    assert_eq!(office.week[6], []);
    assert_eq!(office.holidays.len(), 1);
    let step = &pack.workflows[&WorkflowName::new("insurance-verification").unwrap()].steps[0];
    let weekend = step.hours.as_ref().unwrap();
    assert_eq!(weekend.zone, Zone::Setting("tz".to_owned()));
    assert!(step.expires.is_some());
}

/// Mistakes about hours: file, what it says, what it says instead.
const WRONG_HOURS: &[(&str, &str, &str)] = &[
    ("pack.yaml", "sat: \"22", "saturday: \"22"),
    ("pack.yaml", "sat: \"22", "fri-sat: \"22"),
    ("pack.yaml", "22:00-02:00", "10pm-2am"),
    ("pack.yaml", "08:00-12:00", "08:00-08:00"),
    ("pack.yaml", "{ sun: \"08:00-18:00\" }", "{ sun: [] }"),
    ("pack.yaml", "[2026-12-25]", "US"),
    ("pack.yaml", "[2026-12-25]", "[2026-12-25, 2026-02-30]"),
    ("pack.yaml", "tz: America/New_York", "tz: America/NewYork"),
    ("pack.yaml", "=config.tz", "=config.front_desk"),
    ("pack.yaml", "tz: America/New_York, open", "open"),
    ("pack.yaml", "holidays:", "hollidays:"),
    (INSURANCE, "timeout: 5s", "hours: ofice"),
    (PAYER, "kind: http", "kind: http\nhours: nights"),
    (PAYER, "kind: http", "kind: http\nhours: \"08:00-18:00\""),
    (
        BOOKING,
        "with: { status: booked }",
        "hours: office, with: { status: booked }",
    ),
];

/// Steps that expire at no time.
const WRONG_EXPIRY: &[(&str, &str, &str)] = &[
    (INSURANCE, "timeout: 5s", "expires: 2h"),
    (INSURANCE, "timeout: 5s", "expires: =record.status"),
    (INSURANCE, "timeout: 5s", "expires: record.starts_at"),
    (
        INSURANCE,
        "timeout: 5s",
        "expires: \"{{ record.starts_at }}\"",
    ),
    (
        BOOKING,
        "uses: send-email",
        "expires: =now, uses: send-email",
    ),
    (
        INSURANCE,
        "timeout: 5s",
        "compensate: { uses: call-http, via: payer, expires: =now, with: { path: /undo } }",
    ),
    (
        INSURANCE,
        "timeout: 5s",
        "batch: { window: 60s, max: 10 }\n    expires: =now",
    ),
];

fn shown(edits: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for edit in edits {
        let title = edit.2.trim().lines().last().unwrap_or("").trim();
        text.push_str("──── ");
        text.push_str(title);
        text.push('\n');
        text.push_str(&rendered(&refused(&timed(&[*edit]))));
    }
    text
}

#[test]
fn mistakes_about_hours() {
    insta::assert_snapshot!(shown(WRONG_HOURS));
}

#[test]
fn mistakes_about_expiry() {
    insta::assert_snapshot!(shown(WRONG_EXPIRY));
}

#[test]
fn hours_of_a_step_that_are_never_its_connections_are_refused() {
    let never = timed(&[
        (PAYER, "kind: http", "kind: http\nhours: office"),
        (INSURANCE, "timeout: 5s", "hours: sunday"),
    ]);
    insta::assert_snapshot!(rendered(&refused(&never)));
    let unknown = timed(&[
        (PAYER, "kind: http", "kind: http\nhours: office"),
        (INSURANCE, "timeout: 5s", "hours: weekend"),
    ]);
    assert_eq!(loaded(&unknown).1, [], "a tenant's zone may be any");
}
