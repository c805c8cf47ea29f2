//! Asking the process that holds a data folder.

use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::{Answer, Command, SOCKET};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Why a process that serves gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// This user may not ask it.
    #[error(
        "this user may not ask the process that serves: run the command as the one who started it"
    )]
    Denied,
    /// It does not answer in time, or ends before it does.
    #[error("the process that serves does not answer on its control socket: {0}")]
    Silent(#[from] io::Error),
    /// It answers in another protocol.
    #[error("the process that serves is another version of this program, and answered: {0}")]
    OtherVersion(String),
}

impl AskError {
    /// The stable name of the failure.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Denied => "ControlDenied",
            Self::Silent(_) => "ControlSilent",
            Self::OtherVersion(_) => "ControlVersion",
        }
    }
}

/// Asks the process that holds a data folder; `None`: there is none.
///
/// # Errors
/// [`AskError`] when there is one, and no answer. What was asked for may have been done.
pub fn ask(folder: &Path, command: &Command) -> Result<Option<Answer>, AskError> {
    let mut stream = match UnixStream::connect(folder.join(SOCKET)) {
        Ok(stream) => stream,
        // A process that was killed leaves its socket behind, and nobody behind it.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return Err(AskError::Denied),
        // No process has a socket with a path that is too long to be one.
        Err(error) if error.kind() == ErrorKind::InvalidInput => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_string(command).map_err(io::Error::from)?;
    line.push('\n');
    stream.write_all(line.as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream).read_line(&mut answer)?;
    understood(&answer).map(Some)
}

fn understood(line: &str) -> Result<Answer, AskError> {
    if line.is_empty() {
        return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
    }
    match serde_json::from_str(line) {
        Ok(Answer::Refused(refused)) if refused.code == super::UNKNOWN_COMMAND => {
            Err(AskError::OtherVersion(refused.message))
        }
        Ok(answer) => Ok(answer),
        Err(error) => Err(AskError::OtherVersion(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    fn answered(answer: &'static [u8]) -> Result<Option<Answer>, AskError> {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixListener::bind(folder.path().join(SOCKET)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (stream, _) = socket.accept().unwrap();
                let mut line = String::new();
                BufReader::new(&stream).read_line(&mut line).unwrap();
                (&stream).write_all(answer).unwrap();
            });
            ask(folder.path(), &Command::Depths)
        })
    }

    #[test]
    fn a_folder_without_a_process_is_told_from_one_whose_process_is_silent() {
        let folder = tempfile::tempdir().unwrap();
        assert!(ask(folder.path(), &Command::Depths).unwrap().is_none());
        // A killed process leaves its socket.
        drop(UnixListener::bind(folder.path().join(SOCKET)).unwrap());
        assert!(ask(folder.path(), &Command::Depths).unwrap().is_none());
        assert_eq!(answered(b"").unwrap_err().code(), "ControlSilent");
    }

    #[test]
    fn a_process_of_another_version_is_recognised_by_either_side() {
        let other = answered(b"{\"answer\":\"later\"}\n");
        assert_eq!(other.unwrap_err().code(), "ControlVersion");
        let unknown = b"{\"answer\":\"refused\",\"code\":\"UnknownCommand\",\"message\":\"unknown variant\"}\n";
        assert_eq!(answered(unknown).unwrap_err().code(), "ControlVersion");
        let depths = answered(b"{\"answer\":\"depths\",\"queues\":[]}\n").unwrap();
        assert_eq!(depths, Some(Answer::Depths { queues: Vec::new() }));
    }
}
