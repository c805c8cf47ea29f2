//! Posts a message to a chat channel.
