//! Packs as authors write them, and the mistakes that they make.
