//! Calls people for what needs them: every error record and review item comes through here.

mod image;

use holdfast_engine::port::{Delivery, Ports, Verdict};
use holdfast_engine::undeliverable;

pub use image::Image;

/// Handles one change from the change feed.
pub async fn handle<P: Ports>(ports: &P, delivery: &Delivery) -> Verdict {
    match Image::decode(&delivery.body) {
        Ok(_image) => Verdict::Acknowledge,
        Err(error) => undeliverable::refuse(ports, delivery, &error.to_string()).await,
    }
}
