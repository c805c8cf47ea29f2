//! Hiding what looks personal in free text: e-mail addresses and telephone numbers.
//!
//! Nobody knows what a provider writes into an error. The rule hides rather too much: it spares
//! dates, IP addresses and what stands within a word, such as an id.

use std::net::Ipv4Addr;

/// What is shown instead.
pub(super) const MASK: &str = "***";

/// The fewest digits of a telephone number.
const FEWEST: usize = 7;

/// The length of `2026-11-20`.
const DATE: usize = 10;

/// A text without what looks personal.
pub(super) fn hidden(text: &str) -> String {
    numbers(&addresses(text))
}

/// Every word with an `@` between a name and a domain.
fn addresses(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| c.is_whitespace() || BRACKETS.contains(c)) {
        let end = word.trim_end_matches(|c: char| c.is_whitespace() || BRACKETS.contains(c));
        let is_address = end.split_once('@').is_some_and(|(name, domain)| {
            let name = name.trim_start_matches(|c: char| !c.is_alphanumeric());
            !name.is_empty() && domain.trim_end_matches('.').contains('.')
        });
        if is_address {
            shown.push_str(MASK);
            shown.push_str(word.get(end.len()..).unwrap_or_default());
        } else {
            shown.push_str(word);
        }
    }
    shown
}

const BRACKETS: &str = "<>()[]{}\"'`,;=:";

fn numbers(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit() || c == '+') {
        let (before, from) = rest.split_at(start);
        shown.push_str(before);
        let number = run(from);
        let after = from.get(number.len()..).unwrap_or_default();
        let within = is_word(shown.chars().next_back()) || is_word(after.chars().next());
        let number = match dated(number) {
            Some(date) if !within => date,
            _ => number,
        };
        shown.push_str(if !within && is_number(number) {
            MASK
        } else {
            number
        });
        rest = from.get(number.len()..).unwrap_or_default();
    }
    shown.push_str(rest);
    shown
}

/// Digits and what people write between them, from a digit or `+` to the last digit.
fn run(text: &str) -> &str {
    let between = |c: char| c.is_ascii_digit() || "+ -.()/".contains(c);
    let end = text.find(|c| !between(c)).unwrap_or(text.len());
    let run = text.get(..end).unwrap_or_default();
    let run = run.trim_end_matches(|c: char| !c.is_ascii_digit());
    // A `+` without a digit is no number, and is passed.
    if run.is_empty() {
        text.get(..1).unwrap_or_default()
    } else {
        run
    }
}

/// The date that a run begins with.
fn dated(run: &str) -> Option<&str> {
    let date = run.get(..DATE)?;
    date.parse::<jiff::civil::Date>().ok().map(|_| date)
}

fn is_word(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_alphanumeric() || "_@#".contains(c))
}

fn is_number(run: &str) -> bool {
    let digits = run.chars().filter(char::is_ascii_digit).count();
    digits >= FEWEST && run.parse::<Ipv4Addr>().is_err() && dated(run).is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_and_numbers_are_hidden_wherever_they_stand() {
        for (text, shown) in [
            (
                "no mailbox rosa.martin@example.com here",
                "no mailbox *** here",
            ),
            ("to=<rosa@example.com>: 550", "to=<***>: 550"),
            ("mailto:rosa@example.com.", "mailto:***"),
            (
                "'To' number +1 (202) 555-0173 is not valid",
                "'To' number *** is not valid",
            ),
            ("+12025550173", "***"),
            ("call 202.555.0173, please", "call ***, please"),
            ("phone:2025550173", "phone:***"),
            ("ä 2025550173 ä", "ä *** ä"),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }

    #[test]
    fn dates_addresses_of_machines_and_ids_are_shown() {
        for text in [
            "status 500 after 30000 ms",
            "due 2026-11-20 14:20:52, not 2026-11-20T14:20:52Z",
            "127.0.0.1:8080 and 192.168.100.200 refuse",
            "event stripe:evt_1234567890",
            "version dental@12345678",
            "id abc1234567890",
            "1 + 1 = 2",
            "+",
            "@ a@b",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    proptest! {
        #[test]
        fn no_number_survives_between_words(
            digits in "[0-9]{7,15}", before in "[a-zA-Zä ]{0,8} ", after in " [a-zA-Zä ]{0,8}"
        ) {
            let shown = hidden(&format!("{before}{digits}{after}"));
            prop_assert!(!shown.contains(&digits), "{}", shown);
        }

        #[test]
        fn any_text_can_be_hidden(text in ".{0,60}") {
            hidden(&text);
        }
    }
}
