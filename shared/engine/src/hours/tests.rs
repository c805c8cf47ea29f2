//! Opening hours against the calendar: daylight saving, midnight, holidays, several at once.

use serde_json::json;

use super::*;

fn hours(zone: &str, open: &[(&str, &[&str])], holidays: &[&str]) -> Hours {
    let mut week: [Vec<Range>; 7] = Default::default();
    for (names, ranges) in open {
        for day in days(names).unwrap() {
            week[day].extend(ranges.iter().map(|range| range.parse::<Range>().unwrap()));
        }
    }
    Hours {
        name: "office".to_owned(),
        zone: Zone::Named(TimeZone::get(zone).unwrap()),
        week,
        holidays: holidays.iter().map(|day| day.parse().unwrap()).collect(),
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The opening, in the zone of the first hours.
fn opens(all: &[&Hours], from: &str) -> Option<String> {
    let zone = all[0].zone(&Map::new());
    let opening = opening(all, time(from), &Map::new())?;
    Some(
        opening
            .to_zoned(zone)
            .strftime("%a %F %H:%M %:z")
            .to_string(),
    )
}

#[test]
fn what_is_open_opens_now_and_what_is_closed_opens_next() {
    let office = hours(
        "Europe/Berlin",
        &[
            ("mon-fri", &["08:00-12:00", "13:00-18:00"]),
            ("sat", &["09:00-12:00"]),
        ],
        &[],
    );
    for (from, opening) in [
        ("2026-11-20T09:30:00+01:00", "Fri 2026-11-20 09:30 +01:00"),
        ("2026-11-20T08:00:00+01:00", "Fri 2026-11-20 08:00 +01:00"),
        ("2026-11-20T12:00:00+01:00", "Fri 2026-11-20 13:00 +01:00"),
        ("2026-11-20T18:00:00+01:00", "Sat 2026-11-21 09:00 +01:00"),
        ("2026-11-21T12:00:00+01:00", "Mon 2026-11-23 08:00 +01:00"),
        ("2026-11-22T23:59:59Z", "Mon 2026-11-23 08:00 +01:00"),
    ] {
        assert_eq!(opens(&[&office], from).as_deref(), Some(opening), "{from}");
    }
}

#[test]
fn clocks_that_change_move_the_opening_with_them() {
    let office = hours("America/New_York", &[("mon-sun", &["08:00-18:00"])], &[]);
    let opened = |from| opens(&[&office], from);
    assert_eq!(
        opened("2026-03-07T23:30:00Z").as_deref(),
        Some("Sun 2026-03-08 08:00 -04:00")
    );
    assert_eq!(
        opened("2026-10-31T23:30:00Z").as_deref(),
        Some("Sun 2026-11-01 08:00 -05:00")
    );
}

#[test]
fn an_hour_that_clocks_skip_is_not_open_and_one_that_they_show_twice_is_open_twice() {
    let early = hours("Europe/Berlin", &[("sun", &["02:00-03:00"])], &[]);
    let skipped = opens(&[&early], "2026-03-28T12:00:00Z");
    assert_eq!(skipped.as_deref(), Some("Sun 2026-04-05 02:00 +02:00"));
    let second = "2026-10-25T02:30:00+01:00";
    assert_eq!(
        opens(&[&early], second).as_deref(),
        Some("Sun 2026-10-25 02:30 +01:00")
    );
}

#[test]
fn a_range_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let night = hours("UTC", &[("fri", &["22:00-06:00"])], &[]);
    let opened = |from| opens(&[&night], from);
    assert_eq!(
        opened("2026-11-21T05:59:00Z").as_deref(),
        Some("Sat 2026-11-21 05:59 +00:00")
    );
    assert_eq!(
        opened("2026-11-21T06:00:00Z").as_deref(),
        Some("Fri 2026-11-27 22:00 +00:00")
    );
    assert_eq!(
        opened("2026-11-20T05:00:00Z").as_deref(),
        Some("Fri 2026-11-20 22:00 +00:00")
    );
}

#[test]
fn a_holiday_is_closed_from_midnight_to_midnight() {
    let night = hours("UTC", &[("mon-sun", &["22:00-06:00"])], &["2026-12-25"]);
    let opened = |from| opens(&[&night], from);
    assert_eq!(
        opened("2026-12-24T23:00:00Z").as_deref(),
        Some("Thu 2026-12-24 23:00 +00:00")
    );
    for closed in [
        "2026-12-25T00:00:00Z",
        "2026-12-25T23:00:00Z",
        "2026-12-26T03:00:00Z",
    ] {
        assert_eq!(
            opened(closed).as_deref(),
            Some("Sat 2026-12-26 22:00 +00:00"),
            "{closed}"
        );
    }
}

#[test]
fn several_hours_must_all_be_open() {
    let office = hours(
        "Europe/Berlin",
        &[("mon-fri", &["08:00-18:00"])],
        &["2026-11-23"],
    );
    let desk = hours(
        "America/New_York",
        &[("mon-fri", &["09:00-17:00"])],
        &["2026-11-24"],
    );
    let both = [&office, &desk];
    let opened = opens(&both, "2026-11-21T12:00:00Z");
    assert_eq!(opened.as_deref(), Some("Wed 2026-11-25 15:00 +01:00"));
    let never = hours("Europe/Berlin", &[("sat", &["09:00-12:00"])], &[]);
    assert_eq!(opens(&[&office, &never], "2026-11-21T12:00:00Z"), None);
}

#[test]
fn hours_of_a_setting_are_those_of_its_zone_else_of_the_tenant() {
    let mut office = hours("UTC", &[("mon-sun", &["08:00-18:00"])], &[]);
    office.zone = Zone::Setting("office_tz".to_owned());
    let from = time("2026-11-20T00:00:00Z");
    for (config, opening) in [
        (
            json!({ "office_tz": "Asia/Tokyo", "tz": "Europe/Berlin" }),
            "2026-11-20T00:00:00Z",
        ),
        (json!({ "tz": "Europe/Berlin" }), "2026-11-20T07:00:00Z"),
        (json!({ "office_tz": "Mars/Base" }), "2026-11-20T08:00:00Z"),
    ] {
        let config = config.as_object().unwrap();
        assert_eq!(
            super::opening(&[&office], from, config),
            Some(time(opening)),
            "{config:?}"
        );
    }
}
