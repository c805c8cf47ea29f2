//! The ways in which an alert reaches people, each on its own: one that fails holds up no other,
//! and another takes its place when it fails for good.

use std::time::Duration;

use holdfast_engine::alert::{Destination, Trouble};
use holdfast_engine::definition::model::{Connection, Severity};
use holdfast_engine::port::{
    Alert, Call, CallError, Chat, ChatMessage, Clock, Delivery, Occasion, Ports, Sms, SmsMessage,
};
use jiff::Timestamp;
use serde_json::Value as Json;

use crate::posted::{Leg, Posted};
use crate::text;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom an alert reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reached {
    /// Somebody, and nothing is left to be tried.
    All,
    /// Something is to be tried again.
    Later {
        /// Why.
        message: String,
        /// How long the receiver asks to wait.
        after: Option<Duration>,
    },
    /// Nobody, by any way.
    Nobody(String),
}

impl Reached {
    /// What several destinations come to.
    pub(crate) fn together(outcomes: Vec<Self>) -> Self {
        let rank = |one: &Self| match one {
            Self::Later { .. } => 2,
            Self::Nobody(_) => 1,
            Self::All => 0,
        };
        outcomes.into_iter().max_by_key(rank).unwrap_or(Self::All)
    }
}

/// One way to reach somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Chat,
    Phone,
    /// Chat failed for good.
    PhoneInstead,
    /// The phone could not be reached: chat says so.
    ChatInstead,
}

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Phone => "phone",
            Self::PhoneInstead => "phone-instead",
            Self::ChatInstead => "chat-instead",
        }
    }
}

/// What came of a way.
enum Went {
    /// It was posted.
    Well,
    /// It failed for good.
    Wrong(String),
    /// It is to be tried again.
    Later(String, Option<Duration>),
    /// There is no such way.
    Nowhere,
}

/// Tells people of one alert.
#[derive(Debug)]
pub(crate) struct Teller<'a, P, O> {
    ports: &'a P,
    outside: &'a O,
    delivery: &'a Delivery,
    alert: &'a Alert,
    posted: Posted<'a, P>,
    whole: bool,
}

impl<'a, P: Ports, O: Chat + Sms> Teller<'a, P, O> {
    pub(crate) async fn new(
        ports: &'a P,
        outside: &'a O,
        delivery: &'a Delivery,
        alert: &'a Alert,
    ) -> Result<Self, Trouble> {
        let posted = Posted::read(ports, alert).await?;
        Ok(Self {
            ports,
            outside,
            delivery,
            alert,
            posted,
            whole: true,
        })
    }

    /// Whether no way failed so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Tells the people of one destination: by phone first, which wakes them.
    pub(crate) async fn tell(&mut self, to: &Destination) -> Result<Reached, Trouble> {
        let mut went = Vec::new();
        if calls_a_phone(self.alert, to) {
            went.push((Way::Phone, self.go(to, Way::Phone).await?));
        }
        went.push((Way::Chat, self.go(to, Way::Chat).await?));
        let failed: Vec<Way> = went
            .iter()
            .filter(|(_, went)| matches!(went, Went::Wrong(_)))
            .map(|(way, _)| *way)
            .collect();
        if let [one] = failed.as_slice() {
            let instead = match one {
                Way::Phone | Way::ChatInstead => Way::ChatInstead,
                Way::Chat | Way::PhoneInstead => Way::PhoneInstead,
            };
            if instead == Way::ChatInstead || went.len() == 1 {
                went.push((instead, self.go(to, instead).await?));
            }
        }
        self.whole = self.whole && failed.is_empty();
        Ok(reached(went.into_iter().map(|(_, went)| went)))
    }

    /// Goes one way, unless that was done.
    async fn go(&mut self, to: &Destination, way: Way) -> Result<Went, Trouble> {
        let leg = format!("{}/{}", to.pack.manifest.pack, way.name());
        match self.posted.leg(&leg) {
            Some(Leg::Posted(_)) => return Ok(Went::Well),
            Some(Leg::Failed { message, reason }) if *message == self.delivery.message_id => {
                return Ok(Went::Wrong(reason.clone()));
            }
            _ => {}
        }
        let Some(result) = self.post(to, way, &leg).await else {
            return Ok(Went::Nowhere);
        };
        let went = self.judged(to, way, result);
        match &went {
            Went::Well => {
                let at = self.ports.clock().now();
                self.posted.put(&leg, Leg::Posted(at)).await?;
            }
            Went::Wrong(reason) => {
                let (message, reason) = (self.delivery.message_id.clone(), reason.clone());
                self.posted
                    .put(&leg, Leg::Failed { message, reason })
                    .await?;
            }
            Went::Later(..) | Went::Nowhere => {}
        }
        Ok(went)
    }

    /// `None`: there is no such way.
    async fn post(&self, to: &Destination, way: Way, leg: &str) -> Option<Result<(), CallError>> {
        let config = Json::Object(to.config.as_ref().clone());
        let key = format!("{}:{leg}", self.alert.id);
        let now = self.ports.clock().now();
        let call = |connection| call(connection, &config, to, &key, now);
        match way {
            Way::Chat | Way::ChatInstead => {
                let note = (way == Way::ChatInstead).then_some(text::PHONE_UNREACHED);
                let message = ChatMessage {
                    channel: None,
                    body: text::line(self.alert),
                    blocks: text::blocks(self.alert, note),
                };
                let posted = self.outside.post(&call(to.chat()?), message).await;
                Some(posted.map(drop))
            }
            Way::Phone | Way::PhoneInstead => {
                let message = SmsMessage {
                    to: phone(self.alert, to)?,
                    body: text::short(self.alert),
                };
                let sent = self.outside.send(&call(to.sms()?), message).await;
                Some(sent.map(drop))
            }
        }
    }

    fn judged(&self, to: &Destination, way: Way, result: Result<(), CallError>) -> Went {
        let error = match result {
            Ok(()) => return Went::Well,
            Err(error) => error,
        };
        let pack = &to.pack.manifest.pack;
        tracing::error!(alert = %self.alert.id, %pack, way = way.name(), error = %error, "an alert is not delivered");
        let message = format!("{}: {error}", way.name());
        match error {
            CallError::Refused { .. } => Went::Wrong(message),
            _ if self.delivery.last_receive => Went::Wrong(message),
            CallError::NotSent { retry_after, .. } | CallError::Maybe { retry_after, .. } => {
                Went::Later(message, retry_after)
            }
        }
    }
}

fn call<'a>(
    connection: &'a Connection,
    config: &'a Json,
    to: &'a Destination,
    key: &'a str,
    now: Timestamp,
) -> Call<'a> {
    Call {
        connection,
        config,
        tenant: &to.tenant,
        key,
        now,
        timeout: connection.timeout.map_or(TIMEOUT, |own| own.min(TIMEOUT)),
        callback: None,
    }
}

/// A P1 that wants an answer wakes somebody; everything does where there is no chat.
fn calls_a_phone(alert: &Alert, to: &Destination) -> bool {
    let wants = matches!(
        alert.occasion,
        Occasion::First | Occasion::Unacknowledged | Occasion::Escalated
    );
    let reachable = usize::try_from(alert.tier).is_ok_and(|tier| tier < to.phones().len());
    to.chat().is_none() || (alert.severity == Severity::P1 && wants && reachable)
}

/// The phone of the alert's tier, or the last one.
fn phone(alert: &Alert, to: &Destination) -> Option<String> {
    let mut phones = to.phones();
    let last = phones.len().checked_sub(1)?;
    let tier = usize::try_from(alert.tier).unwrap_or(last);
    Some(phones.swap_remove(tier.min(last)))
}

fn reached(went: impl Iterator<Item = Went>) -> Reached {
    let (mut well, mut later, mut wrong) = (false, None, Vec::new());
    for one in went {
        match one {
            Went::Well => well = true,
            Went::Later(message, after) => later = Some((message, after)),
            Went::Wrong(message) => wrong.push(message),
            Went::Nowhere => {}
        }
    }
    match later {
        Some((message, after)) => Reached::Later { message, after },
        None if well => Reached::All,
        None if wrong.is_empty() => Reached::Nobody("there is nowhere to post it".to_owned()),
        None => Reached::Nobody(wrong.join("; ")),
    }
}
