//! Handshakes: the shapes that Slack and Meta document.

use holdfast_engine::port::Ports as _;
use serde_json::{Value as Json, json};

use crate::house::{House, files, posted};
use crate::served::Served;

const SLACK: &str = "\
source: slack
verify: { scheme: slack, secret: key }
challenge: { if: body.type == 'url_verification', reply: body.challenge }
event: \"'slack.' + body.event.type\"
id: body.event_id
";

const META: &str = "\
source: meta
verify: { scheme: github, secret: key }
challenge:
  if: query['hub.mode'] == 'subscribe' && query['hub.verify_token'] == config.meta_token
  reply: query['hub.challenge']
event: \"'meta.' + body.object\"
id: body.entry[0].id + ':' + string(body.entry[0].time)
";

const HELLO: &str = r#"{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;

fn code(body: &str) -> Json {
    serde_json::from_str::<Json>(body).unwrap()["code"].clone()
}

#[test]
fn slack_is_greeted_in_text_once_its_signature_holds_and_nothing_is_stored() {
    let house = House::open("slack", SLACK);
    let answer = house.receive(&house.signed("/hooks/t/slack", HELLO));
    assert_eq!(
        (answer.status, answer.media_type),
        (200, "text/plain; charset=utf-8")
    );
    assert_eq!(
        answer.body,
        "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"
    );
    let unsigned = house.receive(&posted("/hooks/t/slack", "application/json", HELLO));
    assert_eq!(unsigned.status, 401);
    assert!(house.is_empty());
}

#[test]
fn what_is_no_handshake_is_an_event_as_before() {
    let house = House::open("slack", SLACK);
    let event =
        json!({ "type": "event_callback", "event_id": "Ev1", "event": { "type": "message" } });
    let answer = house.receive(&house.signed("/hooks/t/slack", &event.to_string()));
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(house.events()[0].event.name, "slack.message");
    let no_reply = r#"{"type":"url_verification","event_id":"Ev2","event":{"type":"odd"}}"#;
    let answer = house.receive(&house.signed("/hooks/t/slack", no_reply));
    assert_eq!(
        answer.status, 202,
        "without a reply it is none: {}",
        answer.body
    );
}

fn meta(token: &str) -> String {
    format!("/hooks/t/meta?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}")
}

#[test]
fn meta_gets_its_challenge_back_for_the_token_of_the_settings() {
    let house = House::open("meta", META);
    let config = json!({ "meta_token": "meatyhamhock" });
    house
        .memory
        .definitions()
        .configure(config.as_object().unwrap().clone());
    let answer = house.get(&meta("meatyhamhock"));
    assert_eq!((answer.status, answer.body.as_str()), (200, "1158201444"));
    for path in [
        meta("guessed"),
        meta(""),
        "/hooks/t/meta".to_owned(),
        "/hooks/t/meta?hub.mode=subscribe&hub.verify_token=meatyhamhock".to_owned(),
    ] {
        let answer = house.get(&path);
        assert_eq!(
            (answer.status, code(&answer.body)),
            (403, "ChallengeRefused".into())
        );
        assert!(!answer.body.contains("meatyhamhock"));
    }
    assert!(house.is_empty());
}

#[test]
fn a_handshake_by_get_opens_the_route_for_nothing_else() {
    let house = House::open("meta", META);
    let event = r#"{"object":"page","entry":[{"id":"1","time":1520383571}]}"#;
    let posted = house.receive(&posted("/hooks/t/meta", "application/json", event));
    assert_eq!(posted.status, 401, "what is posted must be signed");
    let mut put = house.signed("/hooks/t/meta", event);
    assert_eq!(house.receive(&put).status, 202);
    put.method = http::Method::PUT;
    let refused = house.receive(&put);
    assert_eq!((refused.status, refused.allow), (405, Some("GET, POST")));
    let refused =
        House::open("slack", &SLACK.replace("challenge", "# challenge")).get("/hooks/t/slack");
    assert_eq!((refused.status, refused.allow), (405, Some("POST")));
}

#[tokio::test]
async fn the_route_of_one_machine_takes_a_handshake_by_get() {
    let source = META.replace("config.meta_token", "'meatyhamhock'");
    let mut served = Served::open(files("meta", &source)).await;
    let path = meta("meatyhamhock").replace("/t/", "/demo/");
    let answer = served.get(&path).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "1158201444"));
    let head = answer.head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/plain"), "{head}");
    assert!(head.contains("x-content-type-options: nosniff"), "{head}");
    let refused = served.get(&path.replace("meaty", "guessed")).await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(served.is_healthy().await);
}
