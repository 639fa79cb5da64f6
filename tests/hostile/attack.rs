//! One attack: how it must end, where it runs, and what it may leave behind.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use super::counting::{Door, misleading};
use super::peak::Peak;
use crate::process::{Ran, Running, Stream, Workspace};
use crate::secrets::forms;

/// Planted in the variables of every attack; has what each form writes differently.
const CANARY: &str = "canary-Kq8\"u\\y+/=%&ö-9917";
/// Another one, which fits into a label.
const PLAIN: &str = "canary-Lw62mf-secret-3308";
/// Lies in a file outside of the attack's folder.
const OUTSIDE: &str = "outside-Vx41tb-file-7754";

/// What every attack is run with, before its own options.
const LIMITS: [(&str, &str); 3] = [("--max-memory", "64"), ("--max-operations", "3000000"), ("--timeout", "150s")];

/// What an attack may take beside what a run needs idle, in KiB: one and a half times the budget.
const MOST_KIB: u64 = 96 << 10;

/// What an attack may map: the stacks of all its threads. What it takes of that is watched.
const MAPPED_KIB: u64 = 512 << 20;

/// What an attack may name with `--profile`.
const PROFILES: &str = r#"
[profile.guarded]
protect = ["role=web", "web-1"]
[profile.low]
permissions = ["read"]
[profile.reader]
read_only = true
"#;

/// A recipe that means harm.
pub struct Attack {
    pub name: String,
    text: String,
    exit: i32,
    code: Option<String>,
    options: Vec<String>,
    place: Place,
    /// What it may take beside what a run needs idle, in KiB.
    most_kib: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Simulated,
    Served,
    Nowhere,
}

impl Attack {
    pub fn read(path: &Path) -> Self {
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(path).expect("it is readable");
        let said = |key: &str| {
            let mut lines = text.lines().take_while(|line| line.starts_with("// "));
            lines.find_map(|line| line[3..].strip_prefix(key)?.strip_prefix(": ")).map(str::to_owned)
        };
        let exit = said("exit").and_then(|code| code.parse().ok()).unwrap_or_else(|| panic!("{name}: no `// exit:`"));
        let place = match said("where").as_deref() {
            None => Place::Simulated,
            Some("served") => Place::Served,
            Some("nowhere") => Place::Nowhere,
            Some(other) => panic!("{name}: there is no place `{other}`"),
        };
        let options = said("options").unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let most_kib = said("peak").map_or(MOST_KIB, |mebibytes| mebibytes.parse::<u64>().expect("a number") << 10);
        Self { most_kib, name, exit, code: said("code"), options, place, text }
    }
}

/// What all attacks share: what they may want to reach.
pub struct Ground {
    outside: tempfile::TempDir,
    served: Workspace,
    door: Door,
    misleading: String,
    _simulator: Mutex<Running>,
}

impl Ground {
    pub fn prepare() -> Self {
        let outside = tempfile::tempdir().expect("a folder");
        std::fs::write(outside.path().join("secret.rhai"), format!("// {OUTSIDE}\nfn f() {{ \"{OUTSIDE}\" }}\n"))
            .expect("writable");
        let served = Workspace::new();
        let mut simulator = served.start(&["sim", "--listen", "127.0.0.1:0", "--key-file", "key.json", "-o", "json"]);
        let line = simulator.hears(Stream::Out, "\"url\"");
        let door = Door::before(line.split('"').nth(3).expect("a text"));
        Self { outside, served, door, misleading: misleading(), _simulator: Mutex::new(simulator) }
    }

    /// The requests that were no reads.
    pub fn changes(&self) -> Vec<String> {
        self.door.changes()
    }

    /// What a run takes that does next to nothing.
    pub fn idle_kib() -> u64 {
        let running = Workspace::new().start(&["eval", "--sim", "--timeout", "1s", "loop { sleep(hours(1)); }"]);
        let peak = Peak::watch(running.id());
        running.end();
        peak.kib()
    }

    /// What is wrong with how an attack ended.
    pub fn wrongs_of(&self, attack: &Attack, idle_kib: u64) -> Vec<String> {
        let most_kib = idle_kib + attack.most_kib;
        let workspace = self.workspace(attack);
        let mut words = vec!["run"];
        let is_own = |option: &str| attack.options.iter().any(|own| own == option);
        words.extend(LIMITS.iter().filter(|(option, _)| !is_own(option)).flat_map(|(option, value)| [*option, *value]));
        words.extend(if attack.place == Place::Simulated { &["--sim"][..] } else { &[] });
        words.extend(attack.options.iter().map(String::as_str));
        words.push("attack.rhai");
        let running = workspace.start(&words);
        let peak = Peak::watch(running.id());
        let ran = running.end();
        let peak = peak.kib();
        let mut wrong = Vec::new();
        let mut expect = |is_right: bool, why: String| {
            if !is_right {
                wrong.push(format!("{}: {why}: {}", attack.name, shortened(&ran)));
            }
        };
        expect(ran.code == attack.exit, format!("exit code {} instead of {}", ran.code, attack.exit));
        if let Some(code) = &attack.code {
            expect(ran.stderr.contains(&format!("error[{code}]")), format!("no `{code}`"));
        }
        expect(!ran.stderr.contains("panicked"), "a panic".to_owned());
        expect(peak <= most_kib, format!("{} MiB at most, more than {}", peak >> 10, most_kib >> 10));
        let told = leaks(&ran.stdout).or_else(|| leaks(&ran.stderr));
        expect(told.is_none(), format!("it tells {told:?}"));
        let kept = leak_in(workspace.folder());
        expect(kept.is_none(), format!("it writes {kept:?}"));
        expect(self.is_untouched(), "something outside was written".to_owned());
        wrong
    }

    fn workspace(&self, attack: &Attack) -> Workspace {
        let outside = self.outside.path();
        let text = attack.text.replace("@OUTSIDE@", &outside.display().to_string()).replace("@URL@", &self.misleading);
        let mut workspace = Workspace::new()
            .mapping(MAPPED_KIB)
            .file("attack.rhai", text)
            .file("stackhand.toml", PROFILES)
            .file("data/in.txt", "harmless")
            .file("data/long.rhai", "// long\n".repeat(600_000))
            .variable("CANARY", CANARY)
            .variable("PLAIN", PLAIN);
        for module in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile/modules")).expect("there") {
            let path = module.expect("readable").path();
            let name = format!("modules/{}", path.file_name().expect("it has a name").to_string_lossy());
            workspace = workspace.file(&name, std::fs::read(&path).expect("readable"));
        }
        let data = workspace.path("data");
        let huge = std::fs::File::create(data.join("huge.txt")).expect("writable");
        huge.set_len(1 << 30).expect("the file may have a hole");
        for (to, link) in [("secret.rhai", "link.rhai"), ("", "folder"), ("new.rhai", "nowhere")] {
            symlink(outside.join(to), data.join(link)).expect("a link");
        }
        assert!(Command::new("mkfifo").arg(data.join("pipe")).status().expect("mkfifo").success());
        if attack.name.starts_with("journal_that_cannot") {
            workspace = workspace.file(".stackhand", "in the way of the journal's folder");
        }
        if attack.place == Place::Served {
            let key = self.served.path("key.json").display().to_string();
            workspace = workspace
                .variable("STACKIT_SERVICE_ACCOUNT_KEY_PATH", key)
                .variable("STACKIT_IAAS_CUSTOM_ENDPOINT", self.door.url.as_str())
                .variable("STACKIT_SERVICE_ACCOUNT_CUSTOM_ENDPOINT", self.door.url.as_str())
                .variable("STACKIT_PROJECT_ID", crate::stage::PROJECT);
        }
        workspace
    }

    fn is_untouched(&self) -> bool {
        let mut files = std::fs::read_dir(self.outside.path()).expect("readable");
        let only = files.next().is_some_and(|file| file.expect("readable").file_name() == "secret.rhai");
        let text = std::fs::read_to_string(self.outside.path().join("secret.rhai")).expect("readable");
        only && files.next().is_none() && text.starts_with(&format!("// {OUTSIDE}\n"))
    }
}

/// The form of a secret that is in a text.
fn leaks(text: &str) -> Option<String> {
    [CANARY, PLAIN, OUTSIDE].into_iter().flat_map(forms).find(|form| text.contains(form.as_str()))
}

/// The first file with a secret in it, or in its name.
fn leak_in(folder: &Path) -> Option<String> {
    std::fs::read_dir(folder).expect("readable").find_map(|entry| {
        let path = entry.expect("readable").path();
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let about = path.symlink_metadata().expect("readable");
        if about.is_dir() {
            return leaks(&name).or_else(|| leak_in(&path));
        }
        let is_ours = !about.is_file() || about.len() > (128 << 20);
        let text =
            if is_ours { String::new() } else { String::from_utf8_lossy(&std::fs::read(&path).ok()?).into_owned() };
        leaks(&name).or_else(|| leaks(&text)).map(|form| format!("{form} in {name}"))
    })
}

fn shortened(ran: &Ran) -> String {
    let end = |text: &str| text.chars().take(900).collect::<String>();
    format!("=> {}\n{}{}", ran.code, end(&ran.stdout), end(&ran.stderr))
}
