//! Verifies and validates a webhook and queues it as an event.
