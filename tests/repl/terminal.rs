//! The real binary on a pseudo-terminal, and the screen that it leaves.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::process::Workspace;

/// Nothing that is waited for takes as long.
const DEADLINE: Duration = Duration::from_mins(1);

/// A session at a terminal; ended when dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    written: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    is_over: bool,
    /// The folder that it runs in, if it is its own.
    home: Option<Workspace>,
}

impl Terminal {
    /// Starts the binary on a terminal of so many columns.
    pub fn start(workspace: &Workspace, words: &[&str], columns: u16) -> Self {
        Self::sized(workspace, words, columns, 60)
    }

    /// The same with so many rows, for who looks at all of a session.
    pub fn sized(workspace: &Workspace, words: &[&str], columns: u16, rows: u16) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&keyboard).and_then(|()| unlockpt(&keyboard)).expect("it is ours");
        tcsetwinsize(&keyboard, Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("it takes a size");
        let name = ptsname(&keyboard, Vec::new()).expect("it has a name").into_string().expect("of ASCII");
        let end = || File::options().read(true).write(true).open(&name).expect("its other end");
        let inner = workspace.command(words);
        // Only in a session of its own does the terminal send signals to the process.
        let mut command = Command::new("/usr/bin/setsid");
        command.args(["--ctty", "--wait"]).arg(inner.get_program()).args(inner.get_args());
        command.env_clear().env("TERM", "xterm-256color");
        for (name, value) in inner.get_envs() {
            command.env(name, value.expect("it is set"));
        }
        command.current_dir(inner.get_current_dir().expect("a folder"));
        let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().expect("the binary can be started");
        let keyboard = File::from(keyboard);
        let mut reader = keyboard.try_clone().expect("a second handle");
        let (sender, written) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // The read fails once nobody holds the other end.
            while let Ok(read @ 1..) = reader.read(&mut bytes) {
                if sender.send(bytes[..read].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, keyboard, written, screen: vt100::Parser::new(rows, columns, 0), is_over: false, home: None }
    }

    /// Starts a session on the simulator, in a folder of its own.
    pub fn simulated(columns: u16) -> Self {
        Self::simulated_with(&[], columns)
    }

    /// The same with further options.
    pub fn simulated_with(options: &[&str], columns: u16) -> Self {
        // Each thread of a `parallel` maps room for values as deep as its budget allows.
        let home = Workspace::new().mapping(64 << 20);
        let mut terminal = Self::start(&home, &[&["repl", "--sim"], options].concat(), columns);
        terminal.home = Some(home);
        terminal
    }

    /// Types keys as they are: `\r` is Enter, `\u{3}` Ctrl-C, `\u{4}` Ctrl-D, `\t` Tab.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        self.keyboard.write_all(keys.as_bytes()).expect("somebody reads");
        self
    }

    /// Types a line and Enter once the prompt of this input is there, and waits for the next one.
    pub fn input(&mut self, number: usize, line: &str) -> &mut Self {
        self.prompt(number).press(line).press("\r").prompt(number + 1)
    }

    /// Waits for the prompt of an input.
    pub fn prompt(&mut self, number: usize) -> &mut Self {
        let is_prompt = move |line: &str| {
            line == format!("{number}>") || line.starts_with(&format!("{number} ")) && line.ends_with('>')
        };
        self.wait(&format!("prompt {number}"), move |screen| screen.lines().last().is_some_and(is_prompt))
    }

    /// Waits until a question that ends so waits for its answer.
    pub fn asked(&mut self, question: &str) -> &mut Self {
        self.wait(question, |screen| screen.lines().last().is_some_and(|line| line.ends_with(question)))
    }

    /// Waits until the screen shows a text.
    pub fn shows(&mut self, text: &str) -> &mut Self {
        self.wait(text, |screen| screen.contains(text))
    }

    fn wait(&mut self, what: &str, is_there: impl Fn(&str) -> bool) -> &mut Self {
        loop {
            while let Ok(bytes) = self.written.try_recv() {
                self.screen.process(&bytes);
            }
            if is_there(&self.screen()) {
                return self;
            }
            match self.written.recv_timeout(DEADLINE) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("`{what}` never came:\n{}", self.screen()),
                Err(RecvTimeoutError::Disconnected) if self.is_over => {
                    panic!("`{what}` never came, and it is over:\n{}", self.screen())
                }
                Err(RecvTimeoutError::Disconnected) => self.is_over = true,
            }
        }
    }

    /// What the screen shows, without blanks at the ends of lines and empty lines at its own end.
    pub fn screen(&self) -> String {
        let lines: Vec<String> =
            self.screen.screen().contents().lines().map(|line| line.trim_end().to_owned()).collect();
        lines.join("\n").trim_end().to_owned()
    }

    /// The same row by row: what did not fit into one goes on in the next.
    pub fn rows(&self) -> String {
        let screen = self.screen.screen();
        let rows: Vec<String> = screen.rows(0, screen.size().1).map(|row| row.trim_end().to_owned()).collect();
        rows.join("\n").trim_end().to_owned()
    }

    /// Waits for the end of the process: its exit code and all that the screen shows.
    pub fn end(mut self) -> (i32, String) {
        while let Ok(bytes) = self.written.recv_timeout(DEADLINE) {
            self.screen.process(&bytes);
        }
        let status = self.child.wait().expect("it was started");
        (status.code().unwrap_or(-1), self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
