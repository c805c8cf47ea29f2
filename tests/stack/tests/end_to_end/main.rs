//! What happens on a deployed stack, from a webhook to its end. `make e2e` runs it.

mod booking;
mod by_hand;
mod duplicates;
mod failure;
mod killed;
mod poison;
mod redrive;
mod versions;
