//! Webhook signature schemes, checked in constant time on the raw bytes.
