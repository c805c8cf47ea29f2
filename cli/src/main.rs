//! The `holdfast` command: serves packs on one machine, and checks, tests, sends, traces.

mod commands;
mod data;
mod environment;
mod event_file;
mod failure;
mod faults;
mod output;
mod packs;
mod serving;
mod testing;
mod trace_text;
mod watching;

fn main() -> std::process::ExitCode {
    commands::run()
}
