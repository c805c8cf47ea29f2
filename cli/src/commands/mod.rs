//! The commands: one file each, which holds its arguments and what it does.

mod check;
mod config;
mod demo;
mod errors;
mod fault;
mod hold;
mod import;
mod publish;
mod quality;
mod redrive;
mod rerun;
mod review;
mod rollback;
mod sandbox;
mod schema;
mod selection;
mod send;
mod serve;
mod status;
mod suppressed;
mod test;
mod trace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::environment;
use crate::failure::{Exit, Failure};
use crate::output::Output;

/// Workflow automation that survives production.
#[derive(Debug, Parser)]
#[command(name = "holdfast", version, propagate_version = true, after_help = EXIT_CODES)]
struct Cli {
    /// Answer in JSON, one document a line
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  what was asked for is wrong, missing or refused: mistakes, failed tests, no such record
  2  wrong usage
  3  a data folder, stage, port or address cannot be reached, or another process holds it

Environment:
  HOLDFAST_SECRET_<NAME>            a secret, upper case, `-` as `_`; several: one per line
  HOLDFAST_SECRET_<TENANT>__<NAME>  the same for one tenant, which comes first
  HOLDFAST_LOG                      what is logged to standard error: warn (default), info, …";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve packs: webhooks, workflows and timers in one process
    Serve(serve::Arguments),
    /// Show every mistake in packs
    Check(check::Arguments),
    /// Run the `*.test.yaml` files of packs on a virtual clock
    Test(test::Arguments),
    /// Sign an event file as its provider would, and post it
    Send(send::Arguments),
    /// Show everything that happened to a record, and why
    Trace(trace::Arguments),
    /// Show queues, what needs someone, live packs and timers
    Status(status::Arguments),
    /// Set and list the settings of tenants
    Config(config::Arguments),
    /// Show what failed, say that you know of it, close it, and see how soon it is mended
    Errors(errors::Arguments),
    /// Show what waits for a person, and decide
    Review(review::Arguments),
    /// Show how good the data is that came in: what passed, what is set, what are duplicates
    Quality(quality::Arguments),
    /// Show who has asked not to be written to, by SMS or e-mail, and change it by hand
    Suppressed(suppressed::Arguments),
    /// Send what failed again, from where it failed
    Redrive(redrive::Arguments),
    /// Run an execution anew from a step on, as a new generation
    Rerun(rerun::Arguments),
    /// Hold the work of a workflow or connection back: it waits, and nothing fails
    Stop(hold::StopArguments),
    /// Let the work of a workflow or connection go on
    Start(hold::StartArguments),
    /// Make records of the rows of a file, with a verdict for each row
    Import(import::Arguments),
    /// Let calls through connections fail while `serve --dev` runs, or stop that
    Fault(fault::Arguments),
    /// Make a version of a pack live on a stage, for every record or a share of them
    Publish(publish::Arguments),
    /// Go back to the version of a pack that was live before, or end its canary
    Rollback(rollback::Arguments),
    /// Record what connections send, for functions that run elsewhere, such as on a local stack
    Sandbox(sandbox::Arguments),
    /// Print the JSON Schema of definition files, for editors
    Schema(schema::Arguments),
    /// Serve the sample pack, send it a booking, and show what happened
    Demo(demo::Arguments),
}

/// Runs the command that was called.
pub(crate) fn run() -> ExitCode {
    let cli = Cli::parse();
    let output = Output::new(cli.json);
    log(&cli.command, cli.json);
    let ended = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime.block_on(Box::pin(perform(cli.command, output))),
        Err(error) => Err(Failure::unreachable("NoThreads", error.to_string())),
    };
    match ended {
        Ok(exit) => exit.code().into(),
        Err(failure) => {
            output.failure(failure.code(), &failure.to_string());
            failure.exit_code().into()
        }
    }
}

async fn perform(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Serve(arguments) => serve::run(&arguments, output).await,
        Command::Check(arguments) => check::run(&arguments, output),
        Command::Test(arguments) => test::run(&arguments, output).await,
        Command::Send(arguments) => send::run(&arguments, output).await,
        Command::Trace(arguments) => trace::run(&arguments, output).await,
        Command::Status(arguments) => status::run(&arguments, output).await,
        Command::Config(arguments) => config::run(&arguments, output).await,
        Command::Errors(arguments) => errors::run(arguments, output).await,
        Command::Review(arguments) => review::run(arguments, output).await,
        Command::Quality(arguments) => quality::run(&arguments, output).await,
        Command::Suppressed(arguments) => suppressed::run(&arguments, output).await,
        Command::Redrive(arguments) => redrive::run(&arguments, output).await,
        Command::Rerun(arguments) => rerun::run(&arguments, output).await,
        Command::Stop(arguments) => hold::stop(&arguments, output).await,
        Command::Start(arguments) => hold::start(&arguments, output).await,
        Command::Import(arguments) => import::run(&arguments, output).await,
        Command::Fault(arguments) => fault::run(&arguments, output),
        Command::Publish(arguments) => publish::run(&arguments, output).await,
        Command::Rollback(arguments) => rollback::run(&arguments, output).await,
        Command::Sandbox(arguments) => sandbox::run(&arguments, output).await,
        Command::Schema(arguments) => schema::run(&arguments, output),
        Command::Demo(arguments) => demo::run(&arguments, output).await,
    }
}

/// Logs to standard error: lines for people, or JSON. Tests provoke failures: unless asked, they
/// log nothing.
fn log(command: &Command, json: bool) {
    let usual = match command {
        Command::Test(_) => "off",
        Command::Serve(arguments) if arguments.injects() => "warn,holdfast_embedded::inject=info",
        // Where credentials were looked for in vain is told by the command's own error.
        _ => "warn,aws_config=off",
    };
    let filter = environment::log_filter().unwrap_or_else(|| usual.to_owned());
    let filter = EnvFilter::new(filter);
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    if json {
        log.json().init();
    } else {
        log.with_target(false).init();
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    /// The words of a line of a shell, without quotes.
    fn words(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        for (at, part) in line.split('\'').enumerate() {
            if at % 2 == 1 {
                words.push(part.to_owned());
            } else {
                words.extend(part.split_whitespace().map(str::to_owned));
            }
        }
        words
    }

    #[test]
    fn every_command_can_be_parsed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_example_of_the_page_for_operators_is_a_command() {
        let page = include_str!("../../../docs/operating.md");
        let examples: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("$ "))
            .collect();
        for example in &examples {
            let parsed = Cli::try_parse_from(words(example));
            assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
        }
        for command in [
            "errors list",
            "errors show",
            "errors ack",
            "errors resolve",
            "errors stats",
            "review list",
            "review show",
            "review claim",
            "review approve",
            "review edit",
            "review reject",
            "review retry",
            "review done",
            "redrive",
            "rerun",
            "stop",
            "start",
            "status",
            "publish",
            "quality",
            "suppressed",
            "rollback",
            "send",
            "import",
        ] {
            let begin = format!("holdfast {command}");
            assert!(
                examples.iter().any(|it| it.starts_with(&begin)),
                "{command} has no example"
            );
        }
    }
}
