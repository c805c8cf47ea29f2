//! Doing what a section says, word for word, in a folder and with a process of its own.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::page::{Block, Line, Part, Section};
use super::seen::Seen;
use crate::support::{Running, root};

/// How a section is served that does not say how.
const SERVE: &str = "holdfast serve --dev workflows/dental 2> serve.log";

/// How long what is expected may take to show.
const PATIENCE: Duration = Duration::from_secs(30);

/// The address that the page has.
const ADDRESS: &str = "127.0.0.1:8080";

/// What stands before each command: the address of this section's own process in place of the
/// usual one, and `serve` in place of the shell, so that its process is the one that is ended.
const PRELUDE: &str = r#"
holdfast() {
  case $1 in
    serve) exec holdfast "$@" --listen "$ADDRESS" ;;
    send) command holdfast "$@" --url "http://$ADDRESS" ;;
    *) command holdfast "$@" ;;
  esac
}
"#;

/// Follows a section; says what was expected and what came.
pub(crate) fn follow(section: &Section) -> Result<(), String> {
    let mut drill = Drill::new();
    if !section.blocks.iter().any(Block::begins) {
        drill.serve(SERVE)?;
    }
    section
        .blocks
        .iter()
        .try_for_each(|block| drill.perform(block))
}

impl Block {
    /// Whether it says how the section is served.
    fn begins(&self) -> bool {
        self.serves && self.part == Part::Provoke
    }
}

/// A section under way.
struct Drill {
    folder: TempDir,
    address: String,
    serving: Option<Running>,
    seen: Seen,
}

impl Drill {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["workflows", "events"] {
            copy(&root().join(name), &folder.path().join(name));
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            folder,
            address: free.local_addr().unwrap().to_string(),
            serving: None,
            seen: Seen::default(),
        }
    }

    fn perform(&mut self, block: &Block) -> Result<(), String> {
        for line in &block.lines {
            if block.serves {
                self.serve(&line.command)?;
            } else {
                self.run(line, block.part)?;
            }
        }
        Ok(())
    }

    /// Runs a command, and compares what it says. One that looks is repeated until it says it.
    fn run(&mut self, line: &Line, part: Part) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let (well, output) = self.output(&line.command);
            let missing = line.expected.iter().find(|text| !output.contains(*text));
            self.seen.read(&output);
            match missing {
                None if well || !line.expected.is_empty() => return Ok(()),
                Some(_) if part.looks() && begin.elapsed() < PATIENCE => std::thread::yield_now(),
                _ => return Err(told(part, line, missing, &output)),
            }
        }
    }

    fn output(&self, command: &str) -> (bool, String) {
        let ended = self.shell(command).output().unwrap();
        let text = [ended.stdout, ended.stderr].concat();
        (
            ended.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }

    /// Serves in place of what served before.
    fn serve(&mut self, command: &str) -> Result<(), String> {
        self.end();
        let announced = self.folder.path().join("announced");
        let stdout = std::fs::File::create(&announced).unwrap();
        let mut serving = Running(self.shell(command).stdout(stdout).spawn().unwrap());
        let read = || std::fs::read_to_string(&announced).unwrap();
        let begin = Instant::now();
        while !read().contains("holdfast serves") {
            let ended = serving.0.try_wait().unwrap().is_some();
            if ended || begin.elapsed() > PATIENCE {
                let log = std::fs::read_to_string(self.folder.path().join("serve.log"));
                return Err(format!("      `{command}` does not serve\n{log:?}"));
            }
            std::thread::yield_now();
        }
        self.serving = Some(serving);
        Ok(())
    }

    /// Asks what serves to end, unless it is gone.
    fn end(&mut self) {
        let Some(mut serving) = self.serving.take() else {
            return;
        };
        let pid = rustix::process::Pid::from_child(&serving.0);
        if serving.0.try_wait().unwrap().is_none() {
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
            serving.0.wait().unwrap();
        }
    }

    /// A command of the page, as a person's shell has it.
    fn shell(&self, command: &str) -> Command {
        let script = format!("{PRELUDE}{}", command.replace(ADDRESS, &self.address));
        let mut shell = Command::new("bash");
        shell.args(["-c", &script]).current_dir(self.folder.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("HOLDFAST_") {
                shell.env_remove(name);
            }
        }
        let program = Path::new(env!("CARGO_BIN_EXE_holdfast"));
        let mut path = program.parent().unwrap().as_os_str().to_owned();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        shell.env("PATH", path).env("ADDRESS", &self.address);
        shell.envs(self.seen.variables()).stdin(Stdio::null());
        if let Some(serving) = &self.serving {
            shell.env("SERVE", serving.0.id().to_string());
        }
        shell
    }
}

fn told(part: Part, line: &Line, missing: Option<&String>, output: &str) -> String {
    let expected = missing.map_or("that it succeeds", String::as_str);
    let (word, command) = (part.word(), &line.command);
    format!("      {word}: {command}\n      expected: {expected}\n      came:\n{output}")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
