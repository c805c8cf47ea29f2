//! How alike two values of one field are, from 0 to 1.

use strsim::{jaro_winkler, osa_distance};

use super::ClueKind;

/// The likeness of two values that are one typing error apart.
const ONE_ERROR: f64 = 0.9;

/// The longest part of a value that is compared, in characters.
const LONGEST: usize = 100;

/// How alike two values are.
pub(super) fn alike(kind: ClueKind, one: &str, other: &str) -> f64 {
    let mut both = [beginning(one), beginning(other)];
    // What is compared with what must not matter.
    both.sort_unstable();
    let [one, other] = both;
    match kind {
        ClueKind::Text => texts(&one, &other),
        ClueKind::Date => dates(&one, &other),
        ClueKind::Phone | ClueKind::Email => addresses(&one, &other),
    }
}

/// The words of a text in lower case, without what stands between them.
pub(super) fn words(text: &str) -> Vec<String> {
    let text = beginning(text);
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.map(str::to_owned).collect()
}

fn beginning(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).collect();
    short.to_lowercase()
}

/// Names are written in either order.
fn texts(one: &str, other: &str) -> f64 {
    let (mut one, mut other) = (words(one), words(other));
    let straight = jaro_winkler(&one.join(" "), &other.join(" "));
    one.sort_unstable();
    other.sort_unstable();
    straight.max(jaro_winkler(&one.join(" "), &other.join(" ")))
}

fn dates(one: &str, other: &str) -> f64 {
    if one == other {
        return 1.0;
    }
    let exchanged = |date: &str| {
        let mut parts = date.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        Some(format!("{year}-{day}-{month}"))
    };
    if exchanged(one).as_deref() == Some(other) || osa_distance(one, other) == 1 {
        ONE_ERROR
    } else {
        0.0
    }
}

fn addresses(one: &str, other: &str) -> f64 {
    match osa_distance(one, other) {
        0 => 1.0,
        1 => ONE_ERROR,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(one: &str, other: &str) -> f64 {
        alike(ClueKind::Text, one, other)
    }

    #[test]
    fn a_name_is_itself_in_any_order_and_case() {
        for other in ["Ann Smith", "smith, ANN", " Smith  Ann "] {
            assert!((text("Ann Smith", other) - 1.0).abs() < 1e-9, "{other}");
        }
        assert!(text("Jon Smith", "John Smith") > 0.95);
        assert!(text("Ann Smith", "Bob Smith") < 0.8);
        assert!(text("", "Ann") < 0.1);
    }

    #[test]
    fn a_date_is_alike_with_one_wrong_digit_or_day_and_month_exchanged() {
        let alike = |other| alike(ClueKind::Date, "1980-04-12", other);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(alike("1980-04-12"), 1.0));
        assert!(close(alike("1980-12-04"), ONE_ERROR));
        assert!(close(alike("1980-04-13"), ONE_ERROR));
        assert!(close(alike("1981-05-12"), 0.0));
    }

    #[test]
    fn a_number_or_address_is_alike_with_one_error() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        let phone = |other| alike(ClueKind::Phone, "+12025550173", other);
        assert!(close(phone("+12025550173"), 1.0));
        assert!(close(phone("+12025550137"), ONE_ERROR));
        assert!(close(phone("+12025559999"), 0.0));
        let email = |other| alike(ClueKind::Email, "Ann@example.com", other);
        assert!(close(email("ann@example.com"), 1.0));
        assert!(close(email("an@example.com"), ONE_ERROR));
    }

    proptest! {
        #[test]
        fn likeness_is_the_same_both_ways_and_between_0_and_1(one in ".{0,120}", other in ".{0,120}") {
            for kind in [ClueKind::Text, ClueKind::Date, ClueKind::Phone, ClueKind::Email] {
                let there = alike(kind, &one, &other);
                let back = alike(kind, &other, &one);
                prop_assert!((0.0..=1.0 + 1e-9).contains(&there), "{there}");
                prop_assert!((there - back).abs() < 1e-9, "{there} {back}");
                prop_assert!((alike(kind, &one, &one) - 1.0).abs() < 1e-9);
            }
        }
    }
}
