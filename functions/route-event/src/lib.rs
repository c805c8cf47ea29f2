//! Decides which workflows an event starts and dispatches their first steps.
