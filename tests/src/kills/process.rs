//! The victim's process.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::victim::Plan;

/// The file-size limit fails writes instead of ending the process.
const IGNORE_THE_SIGNAL: &str = r#"trap "" XFSZ; exec "$0" "$@""#;

/// A running victim; dropping it kills it.
#[derive(Debug)]
pub struct Victim {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Victim {
    /// Starts a victim, and waits until it serves. `None`: it died before.
    ///
    /// # Panics
    /// When it cannot be started, or ends with an error.
    #[must_use]
    pub fn start(program: &Path, plan: &Plan) -> Option<Self> {
        let mut child = Command::new("sh")
            .args(["-c", IGNORE_THE_SIGNAL])
            .arg(program)
            .args(plan.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process");
        let commands = child.stdin.take().expect("its input");
        let mut answers = BufReader::new(child.stdout.take().expect("its output"));
        let mut line = String::new();
        answers.read_line(&mut line).expect("its address");
        let Ok(address) = line.trim_end().parse() else {
            assert_killed(reap(&mut child));
            return None;
        };
        Some(Self {
            child,
            commands,
            answers,
            address,
        })
    }

    /// Where it serves webhooks.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What kills it, from wherever that is decided.
    pub fn trigger(&self) -> impl Fn() + Send + Sync + Clone + 'static {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        move || {
            if let Some(pid) = pid {
                // It may have died by itself.
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }

    /// Gives it a command, and waits for the answer. Whether it lived to give one.
    pub fn obeys(&mut self, command: &str) -> bool {
        let mut answer = String::new();
        writeln!(self.commands, "{command}").is_ok()
            && self.answers.read_line(&mut answer).is_ok()
            && answer.trim_end() == command
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Panics
    /// When it had ended otherwise.
    pub fn kill(mut self) {
        assert_killed(reap(&mut self.child));
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        reap(&mut self.child);
    }
}

/// Ends a process that may have ended already, and says how it did.
fn reap(child: &mut Child) -> Option<ExitStatus> {
    let _ = child.kill();
    child.wait().ok()
}

/// A kill leaves no exit code; an error or a panic does.
fn assert_killed(status: Option<ExitStatus>) {
    let status = status.expect("a status");
    assert_eq!(status.code(), None, "the victim ended by itself: {status}");
}
