//! What a verified request brings: one event, or a batch of them with a verdict for each.

use std::time::Duration;

use holdfast_engine::event::EventMessage;
use holdfast_engine::field::Rule;
use holdfast_engine::id::EventId;
use holdfast_engine::port::{Clock, Outgoing, PortError, Ports, Queue, QueueName};
use serde_json::Value as Json;

use crate::answer::Verdict;
use crate::counted;
use crate::map::{Endpoint, Input, Mapped};
use crate::opt_out::heard_and_mapped;
use crate::reading::Reading;
use crate::review::{self, Report, unreadable};
use crate::{Answer, Problem, Request};

/// The largest event, in bytes as JSON: its entry holds it whole, beside the decisions.
pub(crate) const MAX_EVENT: usize = 192 * 1024;

/// The most elements of a batch: the provider waits until the last one is stored.
pub(crate) const MAX_ELEMENTS: usize = 500;

/// A verified request.
#[derive(Clone, Copy)]
pub(crate) struct Arrival<'a> {
    /// Where it came in.
    pub(crate) endpoint: Endpoint<'a>,
    /// What expressions see of it.
    pub(crate) reading: &'a Reading,
    /// The request.
    pub(crate) request: &'a Request,
}

/// What a source makes of a body.
pub(crate) enum Content {
    /// The body is one event.
    One,
    /// The elements that `split` found.
    Many(Vec<Json>),
    /// `split` finds no list.
    Unreadable(Report),
}

impl Content {
    /// Splits a body as its source says.
    pub(crate) fn of(endpoint: Endpoint<'_>, reading: &Reading, body: &Json) -> Self {
        let Some(split) = &endpoint.source.split else {
            return Self::One;
        };
        match reading.with(body, |scope| split.evaluate(&scope)) {
            Ok(Some(Json::Array(elements))) => Self::Many(elements),
            Ok(_) => Self::Unreadable(Report::of("split", Rule::Type, "a list")),
            Err(error) => Self::Unreadable(unreadable("split", &error)),
        }
    }
}

impl Arrival<'_> {
    /// Queues the events; only then is the request answered. The answer depends on nothing but
    /// the events.
    pub(crate) async fn receive<P: Ports>(self, ports: &P, body: &Json) -> Result<Answer, Problem> {
        match Content::of(self.endpoint, self.reading, body) {
            Content::One => {
                let verdict = self.one(ports, body).await?;
                Ok(Answer::to_one(&verdict))
            }
            Content::Many(elements) => self.many(ports, &elements).await,
            Content::Unreadable(report) => {
                let event = review::body_id(self.endpoint.source, &self.request.body);
                let verdict = self.review(ports, None, event, report).await?;
                Ok(Answer::to_one(&verdict))
            }
        }
    }

    async fn one<P: Ports>(self, ports: &P, body: &Json) -> Result<Verdict, Problem> {
        let bytes = &self.request.body;
        let input = Input { body, bytes };
        match heard_and_mapped(ports, self.endpoint, self.reading, input).await? {
            Mapped::Ignored => {
                counted::ignored(ports, self.endpoint);
                Ok(Verdict::Ignored)
            }
            Mapped::Event(message) => {
                let outgoing = outgoing(ports, &message)?.ok_or(Problem::EventTooLarge)?;
                ports.queue().send(vec![outgoing]).await?;
                counted::passed(ports, self.endpoint, &message);
                Ok(Verdict::Accepted(message.event.id))
            }
            Mapped::Review { event, report } => self.review(ports, None, event, report).await,
        }
    }

    /// Stores what is wrong before the rest is queued. Where that fails, the provider sends all
    /// again, and each element is the event or the item that it was.
    async fn many<P: Ports>(self, ports: &P, elements: &[Json]) -> Result<Answer, Problem> {
        if elements.len() > MAX_ELEMENTS {
            return Err(Problem::BatchTooLarge(MAX_ELEMENTS));
        }
        let (mut verdicts, mut queued) = (Vec::new(), Vec::new());
        for body in elements {
            let text = body.to_string();
            let bytes = text.as_bytes();
            let input = Input { body, bytes };
            let mapped = heard_and_mapped(ports, self.endpoint, self.reading, input);
            let (event, report) = match mapped.await? {
                Mapped::Ignored => {
                    counted::ignored(ports, self.endpoint);
                    verdicts.push(Verdict::Ignored);
                    continue;
                }
                Mapped::Event(message) => match outgoing(ports, &message)? {
                    Some(outgoing) => {
                        counted::passed(ports, self.endpoint, &message);
                        queued.push(outgoing);
                        verdicts.push(Verdict::Accepted(message.event.id));
                        continue;
                    }
                    None => (message.event.id, too_large()),
                },
                Mapped::Review { event, report } => (event, report),
            };
            verdicts.push(self.review(ports, Some(&text), event, report).await?);
        }
        if !queued.is_empty() {
            ports.queue().send(queued).await?;
        }
        Ok(Answer::to_batch(&verdicts))
    }

    async fn review<P: Ports>(
        self,
        ports: &P,
        element: Option<&str>,
        event: EventId,
        report: Report,
    ) -> Result<Verdict, Problem> {
        counted::review(ports, self.endpoint, &report.fields);
        let subject = review::subject(self.request, element);
        review::ask(ports, self.endpoint, subject, &event, report).await?;
        Ok(Verdict::Review(event))
    }
}

/// The message of an event; `None` when it is too large.
fn outgoing<P: Ports>(ports: &P, message: &EventMessage) -> Result<Option<Outgoing>, Problem> {
    let body = serde_json::to_string(message)
        .map_err(|error| PortError::Unavailable(error.to_string()))?;
    Ok((body.len() <= MAX_EVENT).then(|| Outgoing {
        queue: QueueName::events(),
        body,
        delay: Duration::ZERO,
        tenant: message.tenant.clone(),
        created: ports.clock().now(),
    }))
}

fn too_large() -> Report {
    let expected = format!("data of at most {} KiB", MAX_EVENT / 1024);
    Report::of("", Rule::Max, &expected)
}
