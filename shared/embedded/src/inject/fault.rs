//! What goes wrong on purpose: through which connection, how, how often and when.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use holdfast_engine::name::ConnectionName;
use jiff::Timestamp;

use super::Rate;

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The receiver is not called: it "answers" 401, as with a key that was taken back.
    Unauthorized,
    /// The receiver is not called: it "answers" 429 and asks for half a minute.
    TooManyRequests,
    /// The receiver is not called: it "answers" 503, after which it may have acted.
    Unavailable,
    /// The receiver is not called, and no answer comes in the call's time.
    Timeout,
    /// The receiver is called after half of the call's time.
    Slow,
    /// The connection breaks: of half of the calls before the receiver gets them, of the others
    /// after.
    Reset,
    /// The receiver is called, and its answer is not one that the step can read.
    Garbage,
    /// The receiver is called, and its answer is lost.
    DropAnswer,
}

impl Kind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 8] = [
        Self::Unauthorized,
        Self::TooManyRequests,
        Self::Unavailable,
        Self::Timeout,
        Self::Slow,
        Self::Reset,
        Self::Garbage,
        Self::DropAnswer,
    ];

    /// The word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unauthorized => "401",
            Self::TooManyRequests => "429",
            Self::Unavailable => "503",
            Self::Timeout => "timeout",
            Self::Slow => "slow",
            Self::Reset => "reset",
            Self::Garbage => "garbage",
            Self::DropAnswer => "drop-answer",
        }
    }
}

/// A fault of one connection; written `<connection>=<kind>[:rate]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The connection.
    pub connection: ConnectionName,
    /// How its calls fail.
    pub kind: Kind,
    /// How many of them.
    pub rate: Rate,
    /// When it begins; `None`: at once.
    pub from: Option<Timestamp>,
    /// When it is over; `None`: never.
    pub until: Option<Timestamp>,
    /// How long it lasts at least and at most for a key that it strikes: every call of the key
    /// fails until then, and none after; `None`: each call of a key has its own luck.
    pub recovers: Option<(Duration, Duration)>,
}

impl Fault {
    /// A fault of every call, from now on.
    #[must_use]
    pub fn new(connection: ConnectionName, kind: Kind) -> Self {
        Self {
            connection,
            kind,
            rate: Rate::ALWAYS,
            from: None,
            until: None,
            recovers: None,
        }
    }

    /// The same fault of some calls only.
    #[must_use]
    pub fn at_rate(self, rate: Rate) -> Self {
        Self { rate, ..self }
    }

    /// The same fault from one time until before another.
    #[must_use]
    pub fn between(self, from: Timestamp, until: Timestamp) -> Self {
        let (from, until) = (Some(from), Some(until));
        Self {
            from,
            until,
            ..self
        }
    }

    /// The same fault, which lasts so long for each key that it strikes.
    #[must_use]
    pub fn recovering(self, least: Duration, most: Duration) -> Self {
        let recovers = Some((least, most));
        Self { recovers, ..self }
    }

    /// Whether it may strike at this time.
    pub(super) fn is_active(&self, now: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// Why a text is not a fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFault {
    /// It has no connection and kind.
    #[error("write `<connection>=<kind>[:rate]`, with a kind of {}", kinds())]
    Form,
    /// No connection can have this name.
    #[error("`{0}` is not the name of a connection")]
    Connection(String),
    /// There is no such kind.
    #[error("there is no fault `{0}`: it is one of {kinds}", kinds = kinds())]
    Kind(String),
    /// It is not a share.
    #[error("`{0}` is not a rate: write a number from 0 to 1")]
    Rate(String),
}

impl InvalidFault {
    /// The stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        "InvalidFault"
    }
}

fn kinds() -> String {
    Kind::ALL
        .map(|kind| format!("`{}`", kind.word()))
        .join(", ")
}

impl FromStr for Fault {
    type Err = InvalidFault;

    fn from_str(text: &str) -> Result<Self, InvalidFault> {
        let (connection, rest) = text.split_once('=').ok_or(InvalidFault::Form)?;
        let (word, rate) = match rest.split_once(':') {
            Some((word, rate)) => (word, Some(rate)),
            None => (rest, None),
        };
        let name = connection.parse();
        let name = name.map_err(|_| InvalidFault::Connection(connection.to_owned()))?;
        let mut kinds = Kind::ALL.into_iter();
        let kind = kinds.find(|kind| kind.word() == word);
        let kind = kind.ok_or_else(|| InvalidFault::Kind(word.to_owned()))?;
        let rate = rate.map_or(Ok(Rate::ALWAYS), |rate| {
            rate.parse()
                .map_err(|_| InvalidFault::Rate(rate.to_owned()))
        });
        Ok(Self::new(name, kind).at_rate(rate?))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.connection, self.kind.word())?;
        if self.rate == Rate::ALWAYS {
            return Ok(());
        }
        write!(f, ":{}", self.rate)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_fault_is_written_as_it_is_read() {
        for kind in Kind::ALL {
            for rate in ["", ":0.25", ":0", ":0.000001"] {
                let text = format!("sms={}{rate}", kind.word());
                let fault: Fault = text.parse().unwrap();
                assert_eq!((fault.kind, fault.to_string()), (kind, text));
            }
        }
        let fault: Fault = "sms=429:1".parse().unwrap();
        assert_eq!(fault.to_string(), "sms=429");
    }

    #[test]
    fn what_is_no_fault_says_what_would_be() {
        let message = |text: &str| text.parse::<Fault>().unwrap_err().to_string();
        assert!(message("sms").contains("<connection>=<kind>"));
        let kind = message("sms=500");
        assert!(kind.contains("`500`") && kind.contains("`drop-answer`"));
        assert!(message("a/b=429").contains("`a/b`"));
        for rate in ["1.1", "-0.1", "", "nan", "half"] {
            let message = message(&format!("sms=429:{rate}"));
            assert!(message.contains("from 0 to 1"), "{message}");
        }
    }

    #[test]
    fn a_window_holds_its_start_and_not_its_end() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let fault = "sms=429".parse::<Fault>().unwrap();
        assert!(fault.is_active(at(0)));
        let window = fault.between(at(10), at(20));
        let active = [9, 10, 19, 20].map(|second| window.is_active(at(second)));
        assert_eq!(active, [false, true, true, false]);
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_parser(text in "\\PC{0,30}") {
            if let Ok(fault) = text.parse::<Fault>() {
                prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
            }
        }
    }
}
