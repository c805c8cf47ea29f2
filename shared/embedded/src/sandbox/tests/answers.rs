//! What a caller is answered, and what is shown of it.

use super::*;

#[tokio::test]
async fn a_repeated_key_is_one_delivery_and_is_counted() {
    let setup = Setup::new();
    let sandbox = setup.open();
    let first = setup.text(&sandbox, "a").await.unwrap();
    assert_ne!(setup.text(&sandbox, "b").await.unwrap(), first);
    assert_eq!(setup.text(&sandbox, "a").await.unwrap(), first);
    assert_eq!(repeats(&sandbox), counted(&[("a", 1), ("b", 0)]));
}

#[tokio::test]
async fn a_receiver_that_knows_no_keys_counts_every_arrival() {
    let by_definition = Setup::replying(200, Json::Null, false);
    let by_behaviour = Setup::new();
    for setup in [by_definition, by_behaviour] {
        let sandbox = setup.open();
        if setup.connection.sandbox.is_none() {
            sandbox.behave(Behaviour {
                honours_keys: false,
                ..Behaviour::default()
            });
        }
        let first = setup.text(&sandbox, "a").await.unwrap();
        assert_ne!(setup.text(&sandbox, "a").await.unwrap(), first);
        assert_eq!(repeats(&sandbox), counted(&[("a", 0), ("a", 0)]));
    }
}

#[tokio::test]
async fn keys_of_two_tenants_are_two_keys() {
    let mut setup = Setup::new();
    let sandbox = setup.open();
    setup.text(&sandbox, "a").await.unwrap();
    setup.tenant = TenantName::new("north").unwrap();
    setup.text(&sandbox, "a").await.unwrap();
    assert_eq!(sandbox.deliveries().unwrap().len(), 2);
}

#[tokio::test]
async fn every_kind_of_call_is_shown_as_it_was_sent() {
    let setup = Setup::new();
    let sandbox = setup.open();
    let request = HttpRequest {
        method: "POST".to_owned(),
        path: "/v1/x".to_owned(),
        query: [("a", "1"), ("b", "2"), ("a", "3")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
        headers: Vec::new(),
        body: Some(b"{\"n\":1}".to_vec()),
    };
    let answer = Http::send(&sandbox, &setup.call("h"), request).await;
    assert_eq!(answer.unwrap().body, json!({}));
    let email = EmailMessage {
        to: "a@b.example".to_owned(),
        subject: "S".to_owned(),
        body: "B".to_owned(),
        reply_to: None,
    };
    Email::send(&sandbox, &setup.call("e"), email)
        .await
        .unwrap();
    let chat = ChatMessage {
        channel: Some("C1".to_owned()),
        body: "B".to_owned(),
        blocks: Vec::new(),
    };
    let called_back = Call {
        callback: Some("https://h.example/r"),
        ..setup.call("c")
    };
    sandbox.post(&called_back, chat).await.unwrap();
    let shown = serde_json::to_value(sandbox.deliveries().unwrap()).unwrap();
    let common = |id: &str, kind: &str, key: &str, payload: Json| {
        json!({
            "id": id, "connection": "sms", "kind": kind, "idempotency_key": key, "repeats": 0,
            "tenant": "demo", "payload": payload, "at": "2026-11-20T10:00:00Z",
        })
    };
    let http = json!({
        "method": "POST", "path": "/v1/x", "query": {"a": ["1", "3"], "b": "2"}, "headers": {},
        "body": {"n": 1},
    });
    let email = json!({"to": "a@b.example", "subject": "S", "body": "B"});
    let chat = json!({"body": "B", "channel": "C1", "callback": "https://h.example/r"});
    let expected = json!([
        common("sandbox-1", "http", "h", http),
        common("sandbox-2", "email", "e", email),
        common("sandbox-3", "chat", "c", chat),
    ]);
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn an_http_connection_answers_what_its_definition_says() {
    let setup = Setup::replying(201, json!({"eligible": true}), true);
    let sandbox = setup.open();
    let request = HttpRequest {
        method: "GET".to_owned(),
        path: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        body: None,
    };
    let answer = Http::send(&sandbox, &setup.call("h"), request).await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, answer.body),
        (201, json!({"eligible": true}))
    );
}

#[tokio::test]
async fn a_failing_receiver_delivers_nothing_and_says_how_it_failed() {
    let setup = Setup::new();
    let sandbox = setup.open();
    let fail = |status| {
        sandbox.behave(Behaviour {
            fails_with: Some(status),
            ..Behaviour::default()
        });
    };
    fail(400);
    let refused = setup.text(&sandbox, "a").await.unwrap_err();
    assert!(matches!(refused, CallError::Refused { code, .. } if code == "HttpStatus400"));
    fail(429);
    let busy = setup.text(&sandbox, "a").await.unwrap_err();
    assert!(matches!(busy, CallError::NotSent { .. }));
    fail(503);
    let open = setup.text(&sandbox, "a").await.unwrap_err();
    assert!(matches!(open, CallError::Maybe { .. }));
    assert_eq!(repeats(&sandbox), []);
}

#[tokio::test]
async fn a_script_answers_its_connection_once_each() {
    let setup = Setup::new();
    let sandbox = setup.open();
    let script = [Reply::Timeout, Reply::Reset, Reply::Drop];
    sandbox.answer_next(&setup.connection.name, script);
    for delivered in [0, 0, 1] {
        let error = setup.text(&sandbox, "a").await.unwrap_err();
        assert!(matches!(error, CallError::Maybe { .. }));
        assert_eq!(repeats(&sandbox).len(), delivered);
    }
    setup.text(&sandbox, "a").await.unwrap();
    assert_eq!(repeats(&sandbox), counted(&[("a", 1)]));
}

async fn dropped(seed: u64) -> Vec<bool> {
    let setup = Setup::new();
    let sandbox = setup.open();
    let drops = Some(Drops {
        seed,
        permille: 500,
    });
    sandbox.behave(Behaviour {
        drops,
        ..Behaviour::default()
    });
    let mut lost = Vec::new();
    for n in 0..40 {
        lost.push(setup.text(&sandbox, &n.to_string()).await.is_err());
    }
    assert_eq!(sandbox.deliveries().unwrap().len(), 40);
    lost
}

#[tokio::test]
async fn a_dropped_answer_is_delivered_all_the_same() {
    let lost = dropped(7).await;
    let count = lost.iter().filter(|lost| **lost).count();
    assert!((8..=32).contains(&count), "{count}");
    assert_eq!(lost, dropped(7).await);
    assert_ne!(lost, dropped(8).await);
}
