//! The adapters of connections that both modes share: HTTP, Twilio, SMTP, Slack.
