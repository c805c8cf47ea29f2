//! Files of records: read row by row in bounded memory, imported part by part, with a verdict for
//! each row beside the file.
//!
//! The same file has the same parts, and each part is applied once whoever asks for it, so an
//! import that was interrupted goes on after the last part whose verdicts are in the results.

mod error;
mod input;
mod parts;
mod results;
mod rows;
mod run;
mod survey;
mod tally;

pub use error::FileError;
pub use results::{Results, results_path};
pub use rows::{Format, Rows};
pub use run::{RunError, Source, run};
pub use survey::{Survey, survey};
pub use tally::Tally;
