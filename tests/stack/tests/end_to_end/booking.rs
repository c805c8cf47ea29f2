//! A booking from the webhook to the prepared appointment, on a deployed stack.

use holdfast_engine::id::EventId;
use holdfast_stack_tests::{Stack, eventually, tenant};
use serde_json::json;

#[tokio::test]
async fn a_signed_booking_ends_as_a_prepared_appointment_with_one_confirmation() {
    let (stack, tenant) = (Stack::open().await, tenant("demo"));
    let pack = stack.pack(&tenant).await;
    let booking = stack.sample("receive-webhook.booking.json");
    let request = stack.signed(&tenant, &pack, "calendly", &booking);
    let answers = [stack.post(&request).await, stack.post(&request).await];
    assert_eq!(answers[0].0, 202, "{answers:?}");
    assert_eq!(answers[0], answers[1]);
    let event = EventId::from_text(answers[0].1["event"].as_str().unwrap());
    eventually("the appointment is prepared", async || {
        let timeline = stack.timeline(&tenant, &event).await?;
        let text = serde_json::to_value(&timeline).unwrap();
        (text["record"]["status"] == "prepared").then_some(text)
    })
    .await;
    // The confirmation is sent beside the other steps.
    stack.delivered(&tenant, "your visit is booked for").await;
    assert_eq!(stack.post(&request).await, answers[0]);
    stack.idle(&["route-event", "send-sms"]).await;
    let mut texts = stack.deliveries(&tenant).await;
    texts.retain(|delivery| delivery["kind"] == "sms");
    assert_eq!(texts.len(), 1, "{texts:#?}");
    assert_eq!(stack.open_operations(&tenant).await, [], "{}", json!(texts));
}
