//! `kill -9` of processes that tell people: what was taken in is told, and at most what was under way is told twice.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stackhand::clock::Clock;
use stackhand::database::{Database, Options, Synchronous};
use stackhand::journal::{Archive, Folder, Outcome};
use stackhand::notices::Outbox;
use stackhand::secret::Scrubber;

use crate::kills::{Kills, kills};
use crate::notices::ear::{Ear, Heard};
use crate::process::{Stream, Workspace};

/// How many processes are killed when nobody says.
const KILLS: usize = 20;
const CHANNELS: usize = 3;
/// How much one run says over each channel.
const SAID: usize = 4;
const SERVE: [&str; 3] = ["serve", "--listen", "off"];
const RUN: [&str; 2] = ["run", "says.rhai"];

fn workspace(ear: &Ear) -> Workspace {
    let channel = |number| {
        let url = format!("{}/c{number}", ear.url);
        format!("[channel.c{number}]\nkind = \"webhook\"\nurl = \"{url}\"\nrate = {{ most = 10000, per = \"1h\" }}\n")
    };
    let channels: Vec<String> = (0..CHANNELS).map(channel).collect();
    let recipe = format!(
        "for turn in 0..{SAID} {{ for number in 0..{CHANNELS} {{ notify(`c${{number}}`, `${{run.id}} ${{turn}}`) }} }}"
    );
    let job = "[[job]]\nname = \"says\"\nrecipe = \"says.rhai\"\nevery = \"1s\"\n";
    Workspace::new()
        .file("stackhand.toml", format!("timezone = \"Europe/Berlin\"\n{}{job}", channels.concat()))
        .file("says.rhai", recipe)
}

/// Starts a process that says and delivers, and kills it, sooner or later; gives what was heard meanwhile.
fn kill_once(home: &Workspace, ear: &Ear, random: &mut StdRng) -> Vec<Heard> {
    let mut process = home.start(if random.random_bool(0.3) { &SERVE[..] } else { &RUN[..] });
    let mut heard = Vec::new();
    match random.random_range(0..6) {
        0 => {}
        // While it says; what is left of others is delivered besides.
        1 => drop(process.hears(Stream::Err, "c1: ")),
        _ => {
            for _ in 0..random.random_range(1..=CHANNELS * SAID) {
                heard.extend(ear.hears(|_| true));
            }
        }
    }
    // From an instant to a moment.
    for _ in 0..1 << random.random_range(0..15) {
        std::thread::yield_now();
    }
    process.kill();
    heard
}

/// What was to be said, by channel and text: whether it is on record that it was taken in.
fn said(home: &Workspace) -> BTreeMap<(String, String), bool> {
    let archive = Archive::new(Folder::new(home.path(".stackhand/journal")));
    let runs = archive.runs(None, usize::MAX).expect("the journals can be read");
    let deeds = runs.iter().flat_map(|run| &run.changes).filter(|change| change.before.operation == "notify");
    deeds
        .map(|change| {
            let text = change.before.parameters["text"].as_str().expect("a text").to_owned();
            ((change.before.request.to_string(), text), change.outcome() == Outcome::Done)
        })
        .collect()
}

/// What is wrong with what was heard.
fn wrong(heard: &[Heard], said: &BTreeMap<(String, String), bool>, kills: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut ids: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for request in heard {
        let channel = request.path.trim_start_matches('/').to_owned();
        ids.entry((channel, request.text().to_owned())).or_default().push(&request.id);
    }
    for (what, _) in said.iter().filter(|(what, is_taken)| **is_taken && !ids.contains_key(*what)) {
        wrong.push(format!("{what:?} was taken in and never told"));
    }
    let mut again: BTreeMap<&str, usize> = BTreeMap::new();
    for (what, ids) in &ids {
        if !said.contains_key(what) {
            wrong.push(format!("nobody said {what:?}"));
        }
        if ids.iter().collect::<BTreeSet<_>>().len() > 1 {
            wrong.push(format!("{what:?} was told under several ids: {ids:?}"));
        }
        *again.entry(&what.0).or_default() += ids.len() - 1;
    }
    for (channel, again) in again {
        if again > kills {
            wrong.push(format!("{channel} was told {again} notices again after {kills} kills"));
        }
    }
    // The first time that it was told of each, a channel is told what a run said in order.
    let (mut seen, mut last) = (BTreeSet::new(), BTreeMap::new());
    for request in heard {
        if let Some((run, turn)) = request.text().split_once(' ')
            && seen.insert((&request.path, request.text()))
            && last.insert((&request.path, run), turn).is_some_and(|before| before > turn)
        {
            wrong.push(format!("{} of {run} came out of order", request.path));
        }
    }
    wrong
}

/// What is still to be told, and what was given up.
async fn left(home: &Workspace) -> (u64, usize) {
    let clock = Clock::process();
    let options = Options::new(Synchronous::Full, clock.clone());
    let database = Database::open(&home.path(".stackhand/state.db"), &options).await.expect("opened").database;
    let outbox = Outbox::open(&database, &Scrubber::new()).await.expect("an outbox");
    let waiting = outbox.waiting().await.expect("read").iter().map(|waiting| waiting.count).sum();
    (waiting, outbox.given_up(chrono::DateTime::UNIX_EPOCH).await.expect("read").len())
}

#[test]
fn after_kills_nothing_that_was_taken_in_is_lost_and_only_what_was_under_way_is_told_twice() {
    let Kills { seed, count: kills } = kills("STACKHAND_NOTICE_KILLS", KILLS);
    let mut random = StdRng::seed_from_u64(seed);
    let ear = Ear::open();
    let home = workspace(&ear);
    let mut heard: Vec<Heard> = (0..kills).flat_map(|_| kill_once(&home, &ear, &mut random)).collect();
    let last = home.run(&RUN);
    assert_eq!(last.code, 0, "STACKHAND_KILL_SEED={seed}: {last:?}");
    heard.extend(ear.requests.try_iter());
    let said = said(&home);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let left = runtime.block_on(left(&home));
    let again = heard.len() - heard.iter().map(|heard| (&heard.path, heard.text())).collect::<BTreeSet<_>>().len();
    println!("{kills} kills, {} notices said, {} told, {again} of them again", said.len(), heard.len());
    let wrong = wrong(&heard, &said, kills);
    assert!(wrong.is_empty() && left == (0, 0), "STACKHAND_KILL_SEED={seed}: left {left:?}, {wrong:#?}");
    assert!(said.len() >= kills, "{} notices are too few to say anything", said.len());
}
