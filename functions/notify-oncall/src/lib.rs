//! Tells the people on call.
//!
//! What was posted is written down after it was posted: a crash between the two posts it twice,
//! because an alert that comes twice is better than one that comes never.

mod legs;
mod posted;
mod text;

use std::time::Duration;

use holdfast_engine::alert::{self, Trouble, destinations};
use holdfast_engine::port::{Alert, Chat, Delivery, Occasion, Ports, Sms, Verdict};
use holdfast_engine::undeliverable;

use crate::legs::{Reached, Teller};

/// Handles one published alert.
pub async fn handle<P: Ports, O: Chat + Sms>(
    ports: &P,
    outside: &O,
    delivery: &Delivery,
) -> Verdict {
    let alert = match serde_json::from_str::<Alert>(&delivery.body) {
        Ok(alert) => alert,
        Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
    };
    match tell(ports, outside, delivery, &alert).await {
        Ok(Reached::All) => Verdict::Acknowledge,
        Ok(Reached::Later { message, after }) => later(delivery, &message, after),
        Ok(Reached::Nobody(message)) => {
            let tenant = alert.tenant.as_ref();
            undeliverable::give_up(ports, delivery, tenant, "AlertUndelivered", &message).await
        }
        Err(trouble) => undeliverable::postponed(delivery, trouble.code(), &trouble.to_string()),
    }
}

/// The queue's own backoff, or longer where the receiver asks for it.
fn later(delivery: &Delivery, message: &str, after: Option<Duration>) -> Verdict {
    match undeliverable::postponed(delivery, "AlertDelayed", message) {
        Verdict::RetryAfter(delay) => Verdict::RetryAfter(after.unwrap_or_default().max(delay)),
        other => other,
    }
}

async fn tell<P: Ports, O: Chat + Sms>(
    ports: &P,
    outside: &O,
    delivery: &Delivery,
    alert: &Alert,
) -> Result<Reached, Trouble> {
    let found = destinations(ports, alert.tenant.as_ref(), alert.pack.as_deref()).await?;
    if found.is_empty() {
        tracing::warn!(alert = %text::line(alert), "no pack says where alerts go");
        return Ok(Reached::All);
    }
    let mut teller = Teller::new(ports, outside, delivery, alert).await?;
    let mut outcomes = Vec::new();
    for destination in &found {
        outcomes.push(teller.tell(destination).await?);
    }
    if alert.occasion == Occasion::Canary
        && teller.is_whole()
        && outcomes.iter().all(|one| *one == Reached::All)
    {
        alert::proven(ports, alert).await?;
    }
    Ok(Reached::together(outcomes))
}
