//! What nobody should send, by the hundred and over a socket: each is refused with a problem
//! document or becomes a question to a person, and the server goes on.

use serde_json::Value as Json;

use crate::bad_cases::{self, Expected, GOOD, request};
use crate::house::files;
use crate::served::{Answer, Served};

const OPEN: &str = "\
source: open
verify: none
event: \"'open.' + body.kind\"
id: body.id
data:
  count: { type: integer, required: true, from: body.count }
  name:  { type: string, pii: true, from: body.name }
";

/// What is wrong with an answer.
fn fault(answer: &Answer, expected: Expected) -> Option<String> {
    let json: Json = serde_json::from_str(&answer.body).unwrap_or_default();
    let right = match expected {
        Expected::Problem(status) => {
            answer.status == status
                && json["status"] == status
                && json["code"].is_string()
                && answer.head.contains("application/problem+json")
        }
        Expected::Review => answer.status == 202 && json["status"] == "review",
        Expected::Socket => (400..500).contains(&answer.status),
    };
    (!right).then(|| format!("{expected:?}, got {} {}", answer.status, answer.body))
}

#[tokio::test]
async fn hundreds_of_bad_requests_are_answered_each_and_the_server_goes_on() {
    let mut served = Served::open(files("open", OPEN)).await;
    let cases = bad_cases::all();
    println!("{} cases", cases.len());
    assert!(cases.len() > 300);
    let mut faults = Vec::new();
    for case in &cases {
        let answer = served.exchange(&case.bytes).await;
        faults.extend(fault(&answer, case.expected).map(|fault| format!("{}: {fault}", case.name)));
        assert!(
            !answer.body.contains("Zoë"),
            "{}: {}",
            case.name,
            answer.body
        );
    }
    assert!(faults.is_empty(), "{faults:#?}");

    let good = request(
        "/hooks/demo/open",
        "content-type: application/json\r\n",
        GOOD.as_bytes(),
    );
    let answer = served.exchange(&good).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert!(answer.body.contains("accepted"), "{}", answer.body);
    assert!(served.is_healthy().await);
}
