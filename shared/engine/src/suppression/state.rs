//! What an address has asked for last.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::hash;
use crate::operation::Mark;

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
    /// Of one whom a person took off the list, until when what was said is taken back: the person
    /// knew nothing of a later wish to stop, even if it was said before and is heard only now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upto: Option<Timestamp>,
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
    let older = before.is_some_and(|it| {
        let upto = it.upto.unwrap_or(it.at);
        said.at < upto || (said.at == upto && said.wish == Wish::Start)
    });
    let Some(before) = before.filter(|_| older) else {
        return Some(Suppression {
            wish: said.wish,
            at: said.at,
            by: said.by.to_owned(),
            upto: None,
            heard,
        });
    };
    Some(Suppression {
        heard,
        ..before.clone()
    })
}

/// What is known of an address after a person said what it is taken to ask for; `None`: nothing
/// new. Nobody is taken off the list who is not on it.
#[must_use]
pub(crate) fn by_hand(
    before: Option<&Suppression>,
    wish: Wish,
    mark: &Mark,
) -> Option<Suppression> {
    let known = before.map_or(Wish::Start, |it| it.wish);
    if known == wish {
        return None;
    }
    Some(Suppression {
        wish,
        at: before.map_or(mark.at, |it| it.at.max(mark.at)),
        by: mark.by.clone(),
        upto: before.filter(|_| wish == Wish::Start).map(|it| it.at),
        heard: before.map(|it| it.heard.clone()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(second: i64) -> Mark {
        Mark {
            by: "ann".to_owned(),
            at: Timestamp::from_second(second).unwrap(),
            reason: None,
        }
    }

    #[test]
    fn a_person_takes_back_what_was_known_and_nothing_that_was_not() {
        let known = after(None, &said(Wish::Stop, 3, "e:1"));
        let taken_off = by_hand(known.as_ref(), Wish::Start, &mark(9)).unwrap();
        let hears = |said| after(Some(&taken_off), &said).unwrap().wish;
        assert_eq!(hears(said(Wish::Stop, 2, "e:2")), Wish::Start);
        assert_eq!(hears(said(Wish::Stop, 5, "e:2")), Wish::Stop);
        assert_eq!(after(Some(&taken_off), &said(Wish::Stop, 3, "e:1")), None);
    }

    #[test]
    fn what_a_person_says_again_changes_nothing() {
        assert_eq!(by_hand(None, Wish::Start, &mark(1)), None);
        let put_on = by_hand(None, Wish::Stop, &mark(1)).unwrap();
        assert_eq!(by_hand(Some(&put_on), Wish::Stop, &mark(2)), None);
        let taken_off = by_hand(Some(&put_on), Wish::Start, &mark(3)).unwrap();
        assert_eq!(by_hand(Some(&taken_off), Wish::Start, &mark(4)), None);
        let again = by_hand(Some(&taken_off), Wish::Stop, &mark(5)).unwrap();
        assert_eq!((again.wish, again.upto), (Wish::Stop, None));
        let earlier = after(Some(&again), &said(Wish::Start, 4, "e:1")).unwrap();
        assert_eq!(earlier.wish, Wish::Stop, "it was said before");
    }

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
