//! What happens in the practice beside a booking that goes well.

mod billing;
mod faults;
mod oncall;
mod trouble;
mod unruly;
