//! What only a stack on this machine allows: ending the processes of its functions.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};

use crate::{Stack, variable};

impl Stack {
    /// Why a story cannot be told on this stack; `None`: its functions are processes here.
    pub fn is_elsewhere(&self) -> Option<&'static str> {
        let endpoint = variable("AWS_ENDPOINT_URL").unwrap_or_default();
        let here = endpoint.starts_with("http://127.0.0.1:");
        (!here).then_some("the functions of this stack are no processes that a test can kill")
    }

    /// Ends every process of a function at once, whatever it does; returns how many there were.
    pub fn kill(&self, function: &str) -> usize {
        assert!(self.is_alone(), "a story that kills runs alone");
        let name = format!("{}-{function}", self.ports.config().stack);
        let wanted = [
            format!("AWS_LAMBDA_FUNCTION_NAME={name}"),
            format!("AWS_ENDPOINT_URL={}", variable("AWS_ENDPOINT_URL").unwrap()),
        ];
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let name = entry.unwrap().file_name();
            let pid: i32 = name.to_str()?.parse().ok()?;
            let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
            let has = |line: &String| {
                environment
                    .split(|byte| *byte == 0)
                    .any(|is| is == line.as_bytes())
            };
            wanted.iter().all(has).then_some(pid)
        });
        let mut killed = 0;
        for pid in processes {
            kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
            killed += 1;
        }
        killed
    }
}
