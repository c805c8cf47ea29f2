//! Looks at deadlines and outcomes when they are due.

use holdfast_engine::port::{Delivery, Ports, Verdict};
use holdfast_engine::promise::{Answer, Due, keep};
use holdfast_engine::undeliverable;

/// Handles one timer that is due.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    let due: Due = match serde_json::from_str(&delivery.body) {
        Ok(due) => due,
        Err(error) => return undeliverable::refuse(ports, delivery, &error.to_string()).await,
    };
    match keep(ports, &due).await {
        Ok(answer) => {
            tell(&due, &answer);
            Verdict::Acknowledge
        }
        Err(trouble) => {
            let (code, message) = (trouble.code(), trouble.to_string());
            undeliverable::postpone(ports, delivery, Some(due.tenant()), code, &message).await
        }
    }
}

fn tell(due: &Due, answer: &Answer) {
    let (Due::Deadline(promise) | Due::Outcome(promise)) = due;
    let execution = &promise.execution.execution;
    match answer {
        Answer::Quiet(why) => {
            tracing::debug!(execution.id = %execution, why, "a promise needs nobody");
        }
        Answer::Reported(count) => {
            tracing::warn!(execution.id = %execution, count, "a promise was not kept");
        }
    }
}
