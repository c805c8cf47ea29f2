//! `holdfast review`: what needs someone. Deciding comes with review handling.

use clap::{Args, Subcommand};
use holdfast_embedded::control;
use serde_json::{Map, Value as Json};

use crate::data::DataFolder;
use crate::failure::{Exit, Failure};
use crate::output::style::{BOLD, PLAIN};
use crate::output::{Output, counted};

/// What to show.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Show what is open, newest first
    List {
        #[command(flatten)]
        data: DataFolder,
    },
    /// Show one item with its report
    Show {
        /// The item's id, or how it begins
        id: String,
        /// Show the request or message too: it holds personal values
        #[arg(long)]
        show_pii: bool,
        #[command(flatten)]
        data: DataFolder,
    },
}

/// Shows.
pub(crate) fn run(arguments: &Arguments, output: Output) -> Result<Exit, Failure> {
    match &arguments.action {
        Action::List { data } => list(data, output),
        Action::Show { id, show_pii, data } => show(data, id, *show_pii, output),
    }
}

fn list(data: &DataFolder, output: Output) -> Result<Exit, Failure> {
    let mut open = control::open_operations(&data.read()?)?;
    open.iter_mut().for_each(hide);
    output.result(&open, |open| {
        let mut lines: Vec<_> = open.iter().map(line).collect();
        lines.push(format!("{} open", counted(open.len(), "item")));
        lines.join("\n")
    });
    Ok(Exit::Done)
}

fn show(data: &DataFolder, id: &str, show_pii: bool, output: Output) -> Result<Exit, Failure> {
    let open = control::open_operations(&data.read()?)?;
    let begins = |item: &&Json| text(item, "id").is_some_and(|known| known.starts_with(id));
    let mut found: Vec<&Json> = open.iter().filter(begins).collect();
    let (Some(item), true) = (found.pop(), found.is_empty()) else {
        let what = if found.is_empty() {
            "no"
        } else {
            "more than one"
        };
        let message = format!("{what} open item has an id that begins with `{id}`");
        return Err(Failure::wrong("UnknownItem", message));
    };
    let mut item = item.clone();
    if !show_pii {
        hide(&mut item);
    }
    output.result(&item, |item| {
        format!("{BOLD}{}{PLAIN}\n{item:#}", line(item))
    });
    Ok(Exit::Done)
}

/// What was received lies in an item whole, with everything personal in it.
pub(crate) fn hide(item: &mut Json) {
    if let Some(members) = item.as_object_mut() {
        for name in ["subject", "envelope"] {
            hide_member(members, name);
        }
    }
}

fn hide_member(members: &mut Map<String, Json>, name: &str) {
    if let Some(value) = members.get_mut(name) {
        *value = Json::from("*** (--show-pii)");
    }
}

fn text<'a>(item: &'a Json, name: &str) -> Option<&'a str> {
    item.get(name)?.as_str()
}

/// An item on one line: id, kind, time, what happened.
pub(crate) fn line(item: &Json) -> String {
    let id = text(item, "id").unwrap_or("?");
    let kind = match text(item, "kind") {
        Some(kind) => format!("review {kind}"),
        None => format!("error {}", text(item, "type").unwrap_or("?")),
    };
    let at = text(item, "last_at").or(text(item, "at")).unwrap_or("?");
    let what = text(item, "title").or(text(item, "message")).unwrap_or("?");
    format!("{id}  {at}  {kind}: {what}")
}

/// The reference of the execution that an item is about.
pub(crate) fn execution(item: &Json) -> Option<String> {
    let execution: holdfast_engine::id::ExecutionRef =
        serde_json::from_value(item.get("execution")?.clone()).ok()?;
    Some(execution.to_string())
}
