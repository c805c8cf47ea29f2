//! Turns record changes into events.
