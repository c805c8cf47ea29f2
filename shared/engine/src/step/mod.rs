//! What a step function is: its description, its input and output, and how it performs.

mod spec;

pub use spec::{Effect, Keeps, StepSpec};
