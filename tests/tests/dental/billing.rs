//! Invoices, paid and not.

use holdfast_engine::route::Outcome;
use serde_json::json;

use crate::BOOKED;
use crate::practice::Practice;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_payment_is_kept_and_reminded_of_then_settled_and_thanked_for() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    let event = practice.accept("invoice-payment-failed").await;
    let patient = practice.record(&event, "patient").await;
    assert_eq!(patient.fields["payment"], "failed");
    assert_eq!(patient.fields["amount_due"], "185.00");
    assert_eq!(patient.fields["stripe_customer"], "cus_HoldfastRosa");
    practice.accept("invoice-paid").await;
    let patient = practice.record(&event, "patient").await;
    assert_eq!(patient.fields["payment"], "paid");
    assert_eq!(
        (
            &patient.fields["amount_paid"],
            &patient.fields["amount_due"]
        ),
        (&json!("185.00"), &json!("0.00"))
    );
    let texts = practice.texts("sms");
    let expected = [
        BOOKED,
        "Lakeside Dental: your payment of $185.00 for invoice LAKE-0007 did not go through. Pay at https://invoice.stripe.com/i/acct_holdfast/sample1",
        "Lakeside Dental: thank you, we received $185.00 for invoice LAKE-0007.",
    ];
    assert_eq!(texts, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_arrives_after_the_payment_is_old_news() {
    let practice = Practice::open().await;
    practice.accept("booking").await;
    practice.accept("invoice-paid").await;
    let event = practice.accept("invoice-payment-failed").await;
    assert_eq!(
        practice.record(&event, "patient").await.fields["payment"],
        "paid"
    );
    assert_eq!(practice.sent("sms").len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_of_a_stranger_starts_nothing_and_says_why() {
    let practice = Practice::open().await;
    let event = practice.accept("invoice-paid").await;
    let entry = practice.entry(&event).await.unwrap();
    let reasons: Vec<_> = entry
        .decisions
        .iter()
        .map(|decision| &decision.outcome)
        .collect();
    let reason = "the event has no such record".to_owned();
    assert_eq!(reasons, [&Outcome::Skipped { reason }]);
}
