//! What people read of an alert: in chat, and in the 160 characters of one text message.

use holdfast_engine::port::{Alert, Occasion};
use serde_json::{Value as Json, json};

/// What chat says when a phone could not be reached.
pub(crate) const PHONE_UNREACHED: &str = "The phone on call could not be reached.";

/// The longest text of one SMS.
const SMS: usize = 160;

/// The longest header that Slack takes.
const HEADER: usize = 150;

/// How an occasion is said before what happened.
fn word(occasion: Occasion) -> &'static str {
    match occasion {
        Occasion::First => "",
        Occasion::Repeated => "again: ",
        Occasion::Unacknowledged => "unanswered: ",
        Occasion::Escalated => "escalated, unanswered: ",
        Occasion::Overdue => "overdue: ",
        Occasion::Resolved => "over: ",
        Occasion::Canary => "canary: ",
    }
}

fn headline(alert: &Alert) -> String {
    format!(
        "{:?} {}{}",
        alert.severity,
        word(alert.occasion),
        alert.title
    )
}

fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(3)).collect();
    format!("{kept}...")
}

/// The whole alert in a line.
pub(crate) fn line(alert: &Alert) -> String {
    let Alert {
        count,
        first_at,
        last_at,
        show,
        ..
    } = alert;
    let mut parts = vec![headline(alert)];
    parts.extend(alert.reference.clone());
    parts.push(format!("{count} from {first_at} to {last_at}"));
    parts.push(show.clone());
    if matters(alert) {
        parts.push(alert.repair.clone());
    }
    parts.join(" | ")
}

/// What is over, and what only tries the path, is not to be repaired.
fn matters(alert: &Alert) -> bool {
    !matches!(alert.occasion, Occasion::Resolved | Occasion::Canary)
}

/// One text message: how urgent, what, the command that shows it, the reference as far as it fits.
pub(crate) fn short(alert: &Alert) -> String {
    let rest = format!(": {}", alert.show);
    let reference = alert
        .reference
        .as_ref()
        .map(|reference| format!(" {reference}"));
    let head = headline(alert);
    let whole = format!("{head}{rest}{}", reference.unwrap_or_default());
    if whole.chars().count() <= SMS {
        return whole;
    }
    let last = alert
        .reference
        .as_deref()
        .and_then(|reference| reference.rsplit('/').next());
    let last = last
        .map(|execution| format!(" {execution}"))
        .unwrap_or_default();
    let left = SMS.saturating_sub(rest.chars().count() + last.chars().count());
    format!("{}{rest}{last}", shortened(&head, left))
}

/// The layout in chat.
pub(crate) fn blocks(alert: &Alert, note: Option<&str>) -> Vec<Json> {
    let mut fields = vec![
        field("Code", &alert.code),
        field("Count", &alert.count.to_string()),
    ];
    fields.push(field("First", &alert.first_at.to_string()));
    fields.push(field("Last", &alert.last_at.to_string()));
    if let Some(reference) = &alert.reference {
        fields.push(field("Ref", &format!("`{reference}`")));
    }
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": shortened(&headline(alert), HEADER) } }),
        json!({ "type": "section", "fields": fields }),
        command("Show", &alert.show),
    ];
    if matters(alert) {
        blocks.push(command("Repair", &alert.repair));
    }
    if let Some(note) = note {
        blocks.push(json!({ "type": "context", "elements": [markdown(note)] }));
    }
    blocks
}

fn markdown(text: &str) -> Json {
    json!({ "type": "mrkdwn", "text": text })
}

fn field(name: &str, value: &str) -> Json {
    markdown(&format!("*{name}*\n{}", escaped(value)))
}

fn command(name: &str, command: &str) -> Json {
    let text = format!("*{name}*\n```{}```", escaped(command));
    json!({ "type": "section", "text": markdown(&text) })
}

/// What Slack reads as markup otherwise.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
