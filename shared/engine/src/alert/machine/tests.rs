//! Every state with every event.
