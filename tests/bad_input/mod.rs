//! Bad input to the real binary: a clear error, the right exit code, nothing half done. Each page of cases is a
//! snapshot to be read as a user reads it.

mod command_line;
mod environment;
mod jobs;
pub mod keys;
mod parameters;
mod scripts;

use std::fmt::Write as _;

use regex::Regex;

use crate::process::{Ran, Workspace};

/// One thing that a user may do wrong.
pub struct Case {
    what: String,
    words: Vec<String>,
    workspace: Workspace,
    code: i32,
    may_print: bool,
}

/// A case that ends with this exit code.
pub fn case(what: &str, code: i32, words: &[&str]) -> Case {
    let words = words.iter().map(|&word| word.to_owned()).collect();
    Case { what: what.to_owned(), words, workspace: Workspace::new(), code, may_print: false }
}

impl Case {
    /// The process's folder, its files and variables.
    pub fn within(mut self, change: impl FnOnce(Workspace) -> Workspace) -> Self {
        self.workspace = change(self.workspace);
        self
    }

    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.within(|workspace| workspace.file(name, bytes))
    }

    pub fn with_code(mut self, code: i32) -> Self {
        self.code = code;
        self
    }

    /// The mistake is found only once the script is under way, or is none at all: there may be output.
    pub fn that_prints(mut self) -> Self {
        self.may_print = true;
        self
    }

    /// Runs it: what a user reads, and what is wrong with that.
    fn run(&self) -> (String, Vec<String>) {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        let ran = self.workspace.run(&words);
        let mut wrong = Vec::new();
        let mut expect = |is_right: bool, why: &str| {
            if !is_right {
                wrong.push(format!("{}: {why}: {ran:?}", self.what));
            }
        };
        expect(ran.code == self.code, &format!("the exit code should be {}", self.code));
        expect(self.may_print || ran.stdout.is_empty(), "it prints");
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", ".rs:", "stackhand::", "os error"] {
            expect(!ran.stderr.contains(word), word);
        }
        expect(ran.code == 0 || !ran.stderr.trim().is_empty(), "it says nothing");
        let longest = ran.stderr.lines().map(|line| line.chars().count()).max().unwrap_or_default();
        expect(longest < 700 && ran.stderr.lines().count() < 60, "it says too much");
        (self.shown(&ran), wrong)
    }

    fn shown(&self, ran: &Ran) -> String {
        let mut page = format!("# {}\n$ stackhand", self.what);
        for word in &self.words {
            let is_long = word.chars().count() > 80;
            let word = if is_long { format!("{}…", word.chars().take(40).collect::<String>()) } else { word.clone() };
            let is_plain = word.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_./=,:".contains(letter));
            let _ = if is_plain && !word.is_empty() { write!(page, " {word}") } else { write!(page, " '{word}'") };
        }
        page.push('\n');
        for (mark, text) in [("| ", &ran.stdout), ("", &ran.stderr)] {
            let text = text.replace(&self.workspace.folder().display().to_string(), "DIR");
            for line in text.lines().filter(|line| !line.starts_with("simulated: ")) {
                let _ = writeln!(page, "{mark}{}", line.trim_end());
            }
        }
        let _ = writeln!(page, "=> {}", ran.code);
        page
    }
}

/// Runs the cases and shows what a user reads, for one snapshot.
pub fn page(cases: impl IntoIterator<Item = Case>) -> String {
    let (pages, wrong): (Vec<String>, Vec<Vec<String>>) = cases.into_iter().map(|case| case.run()).unzip();
    let wrong = wrong.concat();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let ids = Regex::new("req-[0-9a-f]{32}").expect("a pattern");
    ids.replace_all(&pages.join("\n"), "req-…").into_owned()
}
