//! What people read fits where they read it.

use holdfast_engine::definition::model::Severity;

use super::*;

fn alert(title: &str, reference: Option<&str>) -> Alert {
    let at = "2026-11-20T10:00:00Z".parse().unwrap();
    Alert {
        id: "a1".to_owned(),
        occasion: Occasion::Unacknowledged,
        severity: Severity::P1,
        tenant: None,
        pack: None,
        fingerprint: "f1".to_owned(),
        title: title.to_owned(),
        code: "Refused".to_owned(),
        reference: reference.map(str::to_owned),
        operation: "o1".to_owned(),
        first_at: at,
        last_at: at,
        count: 3,
        tier: 0,
        show: "holdfast errors show gfcg4vy436fkahtydzfimecoi2".to_owned(),
        repair: "holdfast redrive --ref t/a/b/c/d".to_owned(),
    }
}

const REFERENCE: &str =
    "demo/appointment/06exr4y436fkahtydzfimecoi2/booking/gfcg4vy436fkahtydzfimecoi2";

#[test]
fn a_text_message_is_whole_where_it_fits() {
    assert_eq!(
        short(&alert("it failed", Some("t/a/b/c/d"))),
        "P1 unanswered: it failed: holdfast errors show gfcg4vy436fkahtydzfimecoi2 t/a/b/c/d"
    );
}

#[test]
fn a_text_message_keeps_the_command_and_the_execution_where_it_does_not_fit() {
    for title in [
        "step confirm.1 of workflow booking failed: Refused".to_owned(),
        "x".repeat(500),
    ] {
        let text = short(&alert(&title, Some(REFERENCE)));
        assert!(text.chars().count() <= 160, "{text}");
        assert!(text.starts_with("P1 unanswered: "), "{text}");
        assert!(
            text.contains("holdfast errors show gfcg4vy436fkahtydzfimecoi2"),
            "{text}"
        );
        assert!(text.ends_with(" gfcg4vy436fkahtydzfimecoi2"), "{text}");
    }
}

#[test]
fn chat_shows_what_happened_when_how_often_and_what_to_do() {
    let shown = serde_json::to_string(&blocks(&alert("a < b & c", Some(REFERENCE)), None)).unwrap();
    for part in [
        r#""type":"header""#,
        "P1 unanswered: a < b & c",
        REFERENCE,
        r"*Count*\n3",
        r"*First*\n2026-11-20T10:00:00Z",
        "holdfast errors show gfcg4vy436fkahtydzfimecoi2",
        "holdfast redrive --ref t/a/b/c/d",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn markup_in_a_value_is_shown_and_not_followed() {
    let mut hostile = alert("it failed", None);
    hostile.code = "<!channel> & co".to_owned();
    let shown = serde_json::to_string(&blocks(&hostile, Some(PHONE_UNREACHED))).unwrap();
    assert!(shown.contains("&lt;!channel&gt; &amp; co"), "{shown}");
    assert!(shown.contains(PHONE_UNREACHED));
}

#[test]
fn a_header_is_as_long_as_slack_takes() {
    let blocks = blocks(&alert(&"x".repeat(500), None), None);
    let text = blocks[0]["text"]["text"].as_str().unwrap();
    assert!(text.len() <= HEADER && text.ends_with("..."), "{text}");
}

#[test]
fn what_is_over_needs_no_repair() {
    let over = Alert {
        occasion: Occasion::Resolved,
        ..alert("it failed", None)
    };
    assert!(!line(&over).contains("redrive"));
    assert_eq!(blocks(&over, None).len(), 3);
}
