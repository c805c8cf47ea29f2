//! Calls an HTTP API through a connection.
