//! What the command takes from its environment: the only place that reads it.

use std::collections::BTreeMap;
use std::env;

/// What the variables that hold secrets begin with.
const SECRET_PREFIX: &str = "HOLDFAST_SECRET_";

/// The variable that says what is logged, such as `info` or `holdfast_engine=debug`.
const LOG: &str = "HOLDFAST_LOG";

/// The secrets, by their variables.
pub(crate) fn secrets() -> BTreeMap<String, String> {
    let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    env::vars_os()
        .filter_map(text)
        .filter(|(name, _)| name.starts_with(SECRET_PREFIX))
        .collect()
}

/// What is logged; `None`: nothing is said.
pub(crate) fn log_filter() -> Option<String> {
    variable(LOG)
}

/// Who uses this machine: the user's name, else the number.
pub(crate) fn user() -> String {
    let named = variable("USER").or_else(|| variable("LOGNAME"));
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The command that edits a text.
pub(crate) fn editor() -> String {
    let named = variable("VISUAL").or_else(|| variable("EDITOR"));
    named.unwrap_or_else(|| "vi".to_owned())
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name)?
        .into_string()
        .ok()
        .filter(|value| !value.is_empty())
}
