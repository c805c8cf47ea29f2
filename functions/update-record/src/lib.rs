//! Changes a record under its state machine and audits the change.
