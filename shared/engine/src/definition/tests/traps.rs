//! What authors are told, as they see it.
