//! Sends a text message.
