//! Sends an e-mail.
