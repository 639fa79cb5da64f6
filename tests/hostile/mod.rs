//! Recipes that mean harm, each run by the real binary. The first lines of a recipe say what it tries, how it must end
//! and how it is run:
//!
//! | line | meaning |
//! |---|---|
//! | `// exit: 6` | the exit code |
//! | `// code: memory_limit` | the error that is shown; any if left out |
//! | `// options: --max-calls 30` | further options |
//! | `// where: served` | against a served simulator through a door that counts; `nowhere`: without a platform, on the real clock; else in a simulated world |
//! | `// peak: 160` | MiB that it may take beside what a run needs idle, where that is known to be more than 96, one and a half times its budget |
//!
//! Whatever it tries: the process ends by itself, within its budget of memory, shows no secret, reads nothing outside of
//! its folder, and what it was not granted is not even asked for.

mod attack;
mod counting;
mod peak;

use std::path::PathBuf;
use std::sync::Mutex;

use attack::{Attack, Ground};

fn attacks() -> Vec<Attack> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/hostile"));
    let only = std::env::var("HOSTILE").unwrap_or_default();
    let mut attacks: Vec<Attack> = std::fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rhai"))
        .map(|path| Attack::read(&path))
        .filter(|attack| attack.name.contains(&only))
        .collect();
    attacks.sort_by(|one, other| one.name.cmp(&other.name));
    attacks
}

/// Two at a time; `HOSTILE=name` runs those alone whose name holds it.
#[test]
fn every_attack_is_contained() {
    let attacks = attacks();
    let ground = Ground::prepare();
    let idle = Ground::idle_kib();
    let (left, wrong) = (Mutex::new(attacks.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = left.lock().expect("unpoisoned").next();
                    let Some(attack) = next else { return };
                    wrong.lock().expect("unpoisoned").extend(ground.wrongs_of(attack, idle));
                }
            });
        }
    });
    let mut wrong = wrong.into_inner().expect("unpoisoned");
    wrong.extend(ground.changes().into_iter().map(|change| format!("a change was asked for: {change}")));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), attacks.len(), wrong.join("\n"));
    assert!(attacks.len() >= 60 || std::env::var("HOSTILE").is_ok(), "the corpus has shrunk");
}
