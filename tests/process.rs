//! The real binary, in a folder of its own, with a clean environment.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tempfile::TempDir;

/// Nothing here takes as long; a process that does is killed and the test fails.
const DEADLINE: Duration = Duration::from_mins(3);
/// What a process may map, in KiB; a debug build with hundreds of threads maps much and uses little.
const MEMORY_KIB: u64 = 12 << 20;

/// A folder to run the binary in. It is the home of the process too.
pub struct Workspace {
    folder: TempDir,
    variables: Vec<(String, String)>,
    input: Vec<u8>,
    mapped_kib: u64,
}

/// How a process ended.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Workspace {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        Self { folder, variables: Vec::new(), input: Vec::new(), mapped_kib: MEMORY_KIB }
    }

    /// Writes a file, with the folders that it lies in.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("it lies in the folder")).expect("a folder");
        std::fs::write(path, bytes).expect("a file");
        self
    }

    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Lets the process map more: each script thread maps room for values as deep as its budget allows.
    pub fn mapping(mut self, kib: u64) -> Self {
        self.mapped_kib = kib;
        self
    }

    /// What the process reads on its standard input.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the binary to its end.
    pub fn run(&self, words: &[&str]) -> Ran {
        self.start(words).end()
    }

    /// Starts the binary.
    pub fn start(&self, words: &[&str]) -> Running {
        let mut running = self.start_unread(words);
        running.stdout = running.unread.take().map_or_else(|| channel().1, lines_of);
        running
    }

    /// The same in a folder of the workspace.
    pub fn start_in(&self, folder: &str, words: &[&str]) -> Running {
        let mut running = self.spawn(self.command(words).current_dir(self.path(folder)));
        running.stdout = running.unread.take().map_or_else(|| channel().1, lines_of);
        running
    }

    /// Starts the binary, and reads nothing of its output: once the pipe is full it hangs.
    pub fn start_unread(&self, words: &[&str]) -> Running {
        self.spawn(&mut self.command(words))
    }

    fn spawn(&self, command: &mut Command) -> Running {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be started");
        let mut stdin = child.stdin.take().expect("it is piped");
        let input = self.input.clone();
        // A process that reads nothing closes the pipe.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
        let unread = child.stdout.take();
        let stderr = lines_of(child.stderr.take().expect("it is piped"));
        let seen = Ran { code: 0, stdout: String::new(), stderr: String::new() };
        Running { child, unread, stdout: channel().1, stderr, seen }
    }

    /// Runs the binary on a terminal; once that shows `question`, types `answer`. Everything that it shows counts as
    /// the standard output.
    pub fn converse(&self, words: &[&str], question: &str, answer: &str) -> Ran {
        use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("it is ours");
        let name = ptsname(&terminal, Vec::new()).expect("it has a name").into_string().expect("of ASCII");
        let end = || std::fs::File::options().read(true).write(true).open(&name).expect("its other end");
        let mut child =
            self.command(words).stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary can be started");
        let mut terminal = std::fs::File::from(terminal);
        let mut shown = Vec::new();
        let mut is_answered = false;
        let mut bytes = [0; 4_096];
        // The read fails once nobody holds the other end.
        while let Ok(read @ 1..) = terminal.read(&mut bytes) {
            shown.extend_from_slice(&bytes[..read]);
            if !is_answered && String::from_utf8_lossy(&shown).contains(question) {
                is_answered = true;
                terminal.write_all(answer.as_bytes()).expect("somebody reads");
            }
        }
        let code = code_of(child.wait().expect("it was started"));
        Ran { code, stdout: String::from_utf8_lossy(&shown).into_owned(), stderr: String::new() }
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("/bin/sh");
        let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", self.mapped_kib);
        command.args(["-c", &limit, env!("CARGO_BIN_EXE_stackhand")]).args(words);
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("PATH", "/usr/bin:/bin").envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Which of its streams a process speaks on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// A process under way; killed when dropped.
pub struct Running {
    child: Child,
    /// Held so that the pipe stays open.
    unread: Option<ChildStdout>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
    seen: Ran,
}

impl Running {
    /// Waits until the process says a line that contains the text, and gives the line.
    pub fn hears(&mut self, stream: Stream, text: &str) -> String {
        loop {
            let (receiver, seen) = match stream {
                Stream::Out => (&self.stdout, &mut self.seen.stdout),
                Stream::Err => (&self.stderr, &mut self.seen.stderr),
            };
            let line = receiver.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("`{text}` never came: {seen}"));
            seen.push_str(&line);
            if line.contains(text) {
                return line;
            }
        }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, such as `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("/bin/kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.expect("kill can be started").success());
    }

    /// Kills the process, as `kill -9` does, and waits until it has gone.
    pub fn kill(mut self) {
        self.child.kill().expect("it was started");
        self.child.wait().expect("it was started");
    }

    /// Closes the pipe that nobody reads.
    pub fn forget_output(&mut self) {
        self.unread = None;
    }

    /// Sends a signal again and again until it has ended.
    pub fn end_under(mut self, name: &str) -> Ran {
        const PAUSE: Duration = Duration::from_millis(200);
        let mut left = DEADLINE.as_millis() / PAUSE.as_millis();
        loop {
            self.signal(name);
            match self.stderr.recv_timeout(PAUSE) {
                Ok(line) => self.seen.stderr.push_str(&line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => left -= 1,
            }
            assert!(left > 0, "the process does not end: {:?}", self.seen);
        }
        self.end()
    }

    /// Waits for its end. A code of 128 and more is that of a signal, as a shell says it.
    pub fn end(mut self) -> Ran {
        for (receiver, seen) in [(&self.stdout, &mut self.seen.stdout), (&self.stderr, &mut self.seen.stderr)] {
            loop {
                match receiver.recv_timeout(DEADLINE) {
                    Ok(line) => seen.push_str(&line),
                    Err(RecvTimeoutError::Disconnected) => break,
                    Err(RecvTimeoutError::Timeout) => panic!("the process does not end: {seen}"),
                }
            }
        }
        let status = self.child.wait().expect("it was started");
        self.seen.code = code_of(status);
        std::mem::replace(&mut self.seen, Ran { code: 0, stdout: String::new(), stderr: String::new() })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn code_of(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}
