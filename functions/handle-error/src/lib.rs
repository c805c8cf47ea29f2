//! Calls people for what needs them: every error record and review item comes through here.

mod image;

use holdfast_engine::alert::{self, Course, Timed, Trouble};
use holdfast_engine::breaker::BREAKER_OPENED;
use holdfast_engine::contract::send_later;
use holdfast_engine::operation::{Handling, Operation};
use holdfast_engine::port::{Delivery, Ports, Verdict};
use holdfast_engine::undeliverable;

pub use image::Image;

/// A message of the change feed, or one that came back after a time.
#[derive(Debug)]
enum Message {
    Image(Box<Image>),
    Timed(Timed),
}

/// Handles one change from the change feed, or something that is due.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    let message = match decode(&delivery.body) {
        Ok(message) => message,
        Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
    };
    match handled(ports, delivery, &message).await {
        Ok(()) => Verdict::Acknowledge,
        Err(trouble) => {
            // The sweep records the dead letter: this function calls nobody about itself.
            if delivery.last_receive {
                tracing::error!(message.id = %delivery.message_id.0, error = %trouble, "an alert is lost to the dead letters");
            }
            undeliverable::postponed(delivery, trouble.code(), &trouble.to_string())
        }
    }
}

fn decode(body: &str) -> Result<Message, serde_json::Error> {
    match serde_json::from_str(body) {
        Ok(timed) => Ok(Message::Timed(timed)),
        Err(_) => Ok(Message::Image(Box::new(Image::decode(body)?))),
    }
}

async fn handled<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    message: &Message,
) -> Result<(), Trouble> {
    match message {
        Message::Timed(Timed::AlertDue(due)) => alert::alert_due(ports, due).await,
        Message::Timed(Timed::ReviewDue(due)) => alert::review_due(ports, due).await,
        Message::Timed(Timed::Canary(due)) => alert::canary_due(ports, due).await,
        Message::Image(image) => changed(ports, delivery, image).await,
    }
}

async fn changed<P: Ports>(ports: &P, delivery: &Delivery, image: &Image) -> Result<(), Trouble> {
    let Some(new) = &image.new else { return Ok(()) };
    let before = image.old.as_ref().map(Operation::handling);
    let had = before.and_then(|before| before.alerted_at);
    let (now, has) = (new.handling(), new.handling().alerted_at);
    if now.needs_someone() && has.is_none() {
        return counted(ports, delivery, new).await;
    }
    if has.is_some() && has != had {
        alert::counted(ports, new).await?;
    }
    let closes = has.is_some() && before.is_some_and(Handling::needs_someone);
    if closes && !now.needs_someone() && new.code() == BREAKER_OPENED {
        alert::resolved(ports, new).await?;
    }
    Ok(())
}

async fn counted<P: Ports>(
    ports: &P,
    delivery: &Delivery,
    operation: &Operation,
) -> Result<(), Trouble> {
    if let Course::Quiet(until) = alert::seen(ports, operation).await? {
        let tenant = alert::sender(operation.tenant())?;
        send_later(ports, delivery, &tenant, until).await?;
    }
    Ok(())
}
