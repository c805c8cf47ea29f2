//! Decides which workflows an event starts and dispatches their first steps.

use std::sync::Arc;

use holdfast_engine::event::EventMessage;
use holdfast_engine::port::{Delivery, Ports, Verdict};
use holdfast_engine::route::Router;
use holdfast_engine::undeliverable;

/// Handles one delivered event.
pub async fn handle<P: Ports>(ports: &Arc<P>, delivery: &Delivery) -> Verdict {
    let message: EventMessage = match serde_json::from_str(&delivery.body) {
        Ok(message) => message,
        Err(error) => {
            return undeliverable::refuse(ports.as_ref(), delivery, &error.to_string()).await;
        }
    };
    match Router::new(Arc::clone(ports))
        .route(&message, delivery)
        .await
    {
        Ok(verdict) => verdict,
        Err(trouble) => {
            undeliverable::postpone(
                ports.as_ref(),
                delivery,
                Some(&message.tenant),
                trouble.code(),
                &trouble.to_string(),
            )
            .await
        }
    }
}
