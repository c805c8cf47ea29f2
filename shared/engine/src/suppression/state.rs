//! What an address has asked for last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash;

/// How many events an address remembers: a provider repeats one for some days.
const REMEMBERED: usize = 32;

/// What somebody asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wish {
    /// Not to be written to any more.
    Stop,
    /// To be written to again.
    Start,
}

/// A wish as it was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard<'a> {
    /// The wish.
    pub wish: Wish,
    /// When it was said, as far as is known.
    pub at: Timestamp,
    /// The event that says so, or the person.
    pub by: &'a str,
}

/// What is known of an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Its last wish.
    pub wish: Wish,
    /// When it was said.
    pub at: Timestamp,
    /// The event that said so, or the person.
    pub by: String,
    /// The events that were heard, as hashes, the latest last.
    #[serde(default)]
    pub heard: Vec<String>,
}

/// What is known of an address after a wish; `None`: nothing new. An event is heard once, however
/// often it is delivered, and what was said earlier undoes nothing; of two wishes of one moment the
/// one to stop counts.
#[must_use]
pub fn after(before: Option<&Suppression>, said: &Heard<'_>) -> Option<Suppression> {
    let event = hash::base32(&[said.by.as_bytes()]);
    let mut heard = before.map(|it| it.heard.clone()).unwrap_or_default();
    if heard.contains(&event) {
        return None;
    }
    heard.push(event);
    let surplus = heard.len().saturating_sub(REMEMBERED);
    heard.drain(..surplus);
    let older =
        before.is_some_and(|it| said.at < it.at || (said.at == it.at && said.wish == Wish::Start));
    let Some(before) = before.filter(|_| older) else {
        return Some(Suppression {
            wish: said.wish,
            at: said.at,
            by: said.by.to_owned(),
            heard,
        });
    };
    Some(Suppression {
        heard,
        ..before.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(wish: Wish, second: i64, by: &str) -> Heard<'_> {
        let at = Timestamp::from_second(second).unwrap();
        Heard { wish, at, by }
    }

    /// The wish after these, in the order in which they are heard.
    fn wish(heard: &[Heard<'_>]) -> Wish {
        let mut known = None;
        for said in heard {
            known = after(known.as_ref(), said).or(known);
        }
        known.unwrap().wish
    }

    #[test]
    fn the_latest_wish_counts_in_whatever_order_it_is_heard() {
        let (stop, start) = (said(Wish::Stop, 1, "e:1"), said(Wish::Start, 2, "e:2"));
        assert_eq!(wish(&[stop, start]), Wish::Start);
        assert_eq!(wish(&[start, stop]), Wish::Start);
        let again = said(Wish::Stop, 3, "e:3");
        assert_eq!(wish(&[again, stop, start]), Wish::Stop);
    }

    #[test]
    fn an_event_is_heard_once_however_late_it_is_repeated() {
        let (stop, start) = (said(Wish::Stop, 1, "e:1"), said(Wish::Start, 2, "e:2"));
        let repeated = said(Wish::Stop, 9, "e:1");
        assert_eq!(wish(&[stop, start, repeated]), Wish::Start);
        assert_eq!(
            wish(&[stop, start, repeated, said(Wish::Stop, 10, "e:3")]),
            Wish::Stop
        );
    }

    #[test]
    fn of_one_moment_the_wish_to_stop_counts() {
        let (stop, start) = (said(Wish::Stop, 1, "e:1"), said(Wish::Start, 1, "e:2"));
        assert_eq!(wish(&[stop, start]), Wish::Stop);
        assert_eq!(wish(&[start, stop]), Wish::Stop);
    }

    #[test]
    fn an_address_remembers_so_many_events() {
        let mut known = None;
        for second in 0..100 {
            let by = format!("e:{second}");
            known = after(known.as_ref(), &said(Wish::Stop, second, &by));
        }
        assert_eq!(known.unwrap().heard.len(), REMEMBERED);
    }
}
