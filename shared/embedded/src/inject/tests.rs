//! Calls that fail on purpose, against a receiver that counts what it gets.

use std::sync::atomic::{AtomicU32, Ordering};

use holdfast_engine::definition::model::{Connection, ConnectionKind, Treatment};
use holdfast_engine::name::TenantName;
use holdfast_engine::port::{HttpResponse, Receipt};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::*;
use crate::clock::VirtualClock;

const TIMEOUT: Duration = Duration::from_secs(10);

fn clock() -> VirtualClock {
    VirtualClock::new("2026-11-20T10:00:00Z".parse().unwrap())
}

fn faults(seed: u64, texts: &[&str]) -> Faults {
    let list = texts.iter().map(|text| text.parse().unwrap()).collect();
    Faults { seed, list }
}

/// A receiver behind an injector.
struct Setup {
    clock: VirtualClock,
    injector: Injector<VirtualClock>,
    connection: Connection,
    tenant: TenantName,
    received: AtomicU32,
}

impl Setup {
    fn new(faults: Faults) -> Self {
        let clock = clock();
        Self {
            injector: Injector::new(clock.clone(), faults),
            clock,
            connection: Connection::new("sms".parse().unwrap(), ConnectionKind::Http),
            tenant: TenantName::new("demo").unwrap(),
            received: AtomicU32::new(0),
        }
    }

    fn of(text: &str) -> Self {
        Self::new(faults(7, &[text]))
    }

    fn call<'a>(&'a self, key: &'a str) -> Call<'a> {
        Call {
            connection: &self.connection,
            config: &Json::Null,
            tenant: &self.tenant,
            key,
            now: Timestamp::UNIX_EPOCH,
            timeout: TIMEOUT,
            callback: None,
        }
    }

    async fn text(&self, key: &str) -> Result<Receipt, CallError> {
        let calling = async {
            let number = self.received.fetch_add(1, Ordering::SeqCst);
            Ok(Receipt {
                id: number.to_string(),
            })
        };
        self.injector.around(&self.call(key), calling).await
    }

    async fn post(&self, key: &str) -> Result<HttpResponse, CallError> {
        let calling = async {
            self.received.fetch_add(1, Ordering::SeqCst);
            Ok(HttpResponse {
                status: 200,
                headers: [].into(),
                body: json!({"order": "o-1"}),
            })
        };
        self.injector.around(&self.call(key), calling).await
    }

    fn received(&self) -> u32 {
        self.received.load(Ordering::SeqCst)
    }

    /// Which of these keys' first calls fail.
    async fn fates(&self, keys: impl Iterator<Item = u32>) -> Vec<bool> {
        let mut fates = Vec::new();
        for key in keys {
            fates.push(self.text(&key.to_string()).await.is_err());
        }
        fates
    }
}

fn is_maybe<T>(result: &Result<T, CallError>) -> bool {
    matches!(result, Err(CallError::Maybe { .. }))
}

#[tokio::test]
async fn without_a_fault_every_call_is_made() {
    let setup = Setup::of("mail=429");
    setup.text("k").await.unwrap();
    assert_eq!((setup.received(), setup.injector.struck()), (1, 0));
}

#[tokio::test]
async fn a_busy_receiver_gets_nothing_and_says_when() {
    let setup = Setup::of("sms=429");
    for error in [
        setup.text("k").await.unwrap_err(),
        setup.post("k").await.unwrap_err(),
    ] {
        let wait = Some(RETRY_AFTER);
        assert!(matches!(error, CallError::NotSent { retry_after, .. } if retry_after == wait));
    }
    assert_eq!((setup.received(), setup.injector.struck()), (0, 2));
}

#[tokio::test]
async fn a_receiver_that_does_not_know_us_gets_nothing_and_is_not_asked_again() {
    let setup = Setup::of("sms=401");
    let text = setup.text("k").await.unwrap_err();
    assert!(matches!(text, CallError::Refused { code, .. } if code == "HttpStatus401"));
    assert_eq!(setup.post("k").await.unwrap().status, 401);
    assert_eq!((setup.received(), setup.injector.struck()), (0, 2));
}

#[tokio::test]
async fn an_unavailable_receiver_may_have_acted() {
    let setup = Setup::of("sms=503");
    assert!(is_maybe(&setup.text("k").await));
    assert!(is_maybe(&setup.post("k").await));
    assert_eq!(setup.received(), 0);
}

#[tokio::test]
async fn an_injected_status_means_what_its_connection_says() {
    let mut setup = Setup::of("sms=503");
    setup.connection.treat.insert(503, Treatment::Transient);
    let error = setup.post("k").await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }));
    setup.connection.treat.insert(503, Treatment::Review);
    assert_eq!(setup.post("k").await.unwrap().status, 503);
}

#[tokio::test]
async fn a_lost_answer_was_received() {
    let setup = Setup::of("sms=drop-answer");
    assert!(is_maybe(&setup.text("k").await));
    assert_eq!(setup.received(), 1);
}

#[tokio::test]
async fn an_unreadable_answer_was_received() {
    let setup = Setup::of("sms=garbage");
    let response = setup.post("k").await.unwrap();
    assert_eq!(response.status, 200);
    assert!(response.body.as_str().unwrap().starts_with("<html>"));
    assert!(is_maybe(&setup.text("k").await));
    assert_eq!(setup.received(), 2);
}

#[tokio::test]
async fn a_broken_connection_breaks_on_either_side_of_the_receiver() {
    let setup = Setup::of("sms=reset");
    for key in 0..100 {
        assert!(is_maybe(&setup.text(&key.to_string()).await));
    }
    assert!((30..70).contains(&setup.received()), "{}", setup.received());
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_time() {
    let setup = Setup::of("sms=timeout");
    let advance = async {
        assert_eq!(setup.clock.next_due(), Some(setup.clock.now() + TIMEOUT));
        setup.clock.advance(TIMEOUT);
    };
    let (result, ()) = tokio::join!(biased; setup.text("k"), advance);
    assert!(is_maybe(&result));
    assert_eq!(setup.received(), 0);
}

#[tokio::test]
async fn a_slow_receiver_answers_within_the_calls_time() {
    let setup = Setup::of("sms=slow");
    let advance = async {
        let due = setup.clock.next_due().unwrap();
        assert!(due < setup.clock.now() + TIMEOUT);
        assert_eq!(setup.received(), 0);
        setup.clock.advance_to(due);
    };
    let (result, ()) = tokio::join!(biased; setup.text("k"), advance);
    result.unwrap();
    assert_eq!(setup.received(), 1);
}

#[tokio::test]
async fn the_order_of_calls_does_not_change_which_ones_fail() {
    let faults = faults(7, &["sms=429:0.3", "sms=503:0.2"]);
    let forwards = Setup::new(faults.clone()).fates(0..200).await;
    let mut backwards = Setup::new(faults).fates((0..200).rev()).await;
    backwards.reverse();
    assert_eq!(forwards, backwards);
    let failed = forwards.iter().filter(|failed| **failed).count();
    assert!((65..110).contains(&failed), "{failed}");
}

#[tokio::test]
async fn another_seed_strikes_other_calls() {
    let fates = async |seed| {
        Setup::new(faults(seed, &["sms=429:0.5"]))
            .fates(0..100)
            .await
    };
    assert_eq!(fates(1).await, fates(1).await);
    assert_ne!(fates(1).await, fates(2).await);
}

#[tokio::test]
async fn each_call_of_a_key_has_its_own_luck() {
    let setup = Setup::of("sms=429:0.5");
    let mut fates = Vec::new();
    for _ in 0..50 {
        fates.push(setup.text("k").await.is_err());
    }
    assert!(fates.contains(&true) && fates.contains(&false));
}

#[tokio::test]
async fn a_window_in_time_is_an_outage() {
    let minute = Duration::from_mins(1);
    let (from, until) = (clock().now() + minute, clock().now() + 31 * minute);
    let fault = "sms=503".parse::<Fault>().unwrap().between(from, until);
    let setup = Setup::new(Faults {
        seed: 7,
        list: vec![fault],
    });
    setup.text("a").await.unwrap();
    setup.clock.advance(minute);
    assert!(is_maybe(&setup.text("a").await));
    setup.clock.advance(30 * minute);
    setup.text("a").await.unwrap();
}

#[tokio::test]
async fn what_recovers_fails_until_then_and_not_again() {
    let (least, most) = (Duration::from_mins(1), Duration::from_mins(6));
    let fault = "sms=503".parse::<Fault>().unwrap();
    let setup = Setup::new(Faults {
        seed: 7,
        list: vec![fault.recovering(least, most)],
    });
    assert!(is_maybe(&setup.text("k").await));
    setup.clock.advance(Duration::from_secs(59));
    assert!(is_maybe(&setup.text("k").await));
    setup.clock.advance(most);
    for _ in 0..20 {
        setup.text("k").await.unwrap();
    }
}

#[tokio::test]
async fn faults_change_while_calls_are_made() {
    let setup = Setup::of("sms=503");
    assert!(is_maybe(&setup.text("k").await));
    setup.injector.set(Vec::new());
    setup.text("k").await.unwrap();
    setup.injector.set(vec!["sms=429".parse().unwrap()]);
    assert!(setup.text("k").await.is_err());
    let shown = setup.injector.faults().list;
    assert_eq!(shown[0].to_string(), "sms=429");
}
