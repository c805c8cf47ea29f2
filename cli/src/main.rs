//! The `holdfast` command: serves packs on one machine, and checks, tests, sends, traces.

mod age;
mod commands;
mod data;
mod deciding;
mod editing;
mod environment;
mod event_file;
mod failure;
mod faults;
mod importing;
mod items;
mod output;
mod packs;
mod place;
mod progress;
mod publishing;
mod redriving;
mod serving;
mod table;
mod testing;
mod trace_text;
mod watching;

fn main() -> std::process::ExitCode {
    commands::run()
}
