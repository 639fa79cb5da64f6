//! `kill -9` in the middle of changes: the journal knows every call that the server saw.

use std::collections::BTreeMap;
use std::sync::mpsc::channel;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use stackhand::journal::{Archive, Folder, History, RunOutcome};

use super::counting::{Counting, ID, Plan};
use crate::kills::{Kills, kills};
use crate::process::Workspace;

/// How many processes are killed when nobody says.
const KILLS: usize = 100;
/// How many changes each process would make.
const CHANGES: usize = 60;

/// The journals of a folder's user.
pub fn archive(home: &Workspace) -> Archive {
    Archive::new(Folder::new(home.path(".local/state/stackhand/journal")))
}

/// A script that makes so many changes, several at a time, each with a name of its own.
fn changes(count: usize) -> String {
    format!(
        "import \"stackit/iaas\" as iaas; let items = []; for i in 0..{count} {{ items.push(i); }} \
         parallel(items, |i| iaas::update_server(\"{ID}\", #{{ name: `n-${{i}}` }}));"
    )
}

/// How often each body was recorded as about to be sent.
fn recorded(run: &History) -> BTreeMap<String, usize> {
    let mut tries = BTreeMap::new();
    for change in &run.changes {
        let body = change.before.body.as_deref().expect("it has a body").to_string();
        *tries.entry(body).or_default() += change.tries.len();
    }
    tries
}

fn kill_once(plan: Plan) -> Result<(), String> {
    let (call, called) = channel();
    let server = Counting::planned(plan, call);
    let home = server.workspace();
    let run = home.start(&["eval", &changes(CHANGES)]);
    called.recv_timeout(Duration::from_mins(1)).map_err(|_| "the server never saw the change".to_owned())?;
    run.kill();
    let runs = archive(&home).runs(None, 9).map_err(|error| error.to_string())?;
    let [run] = runs.as_slice() else { return Err(format!("{} runs are recorded", runs.len())) };
    let recorded = recorded(run);
    for (body, times) in &server.seen.lock().expect("unpoisoned").changes {
        if recorded.get(body).is_none_or(|recorded| recorded < times) {
            return Err(format!("the server saw {body} {times} times, recorded are {:?}", recorded.get(body)));
        }
    }
    let report = archive(&home).verify().map_err(|error| error.to_string())?;
    if !report.is_sound() || (run.outcome() == RunOutcome::Open && run.ended.is_some()) {
        return Err(format!("{report:?}"));
    }
    Ok(())
}

#[test]
fn after_a_kill_the_journal_knows_every_call_that_the_server_saw() {
    let Kills { seed, count: kills } = kills("STACKHAND_KILLS", KILLS);
    let mut random = StdRng::seed_from_u64(seed);
    let plans: Vec<Plan> =
        (0..kills).map(|_| Plan { at: random.random_range(1..=CHANGES), goes_on: random.random() }).collect();
    let failures: Vec<String> = std::thread::scope(|scope| {
        let halves = [plans.iter().step_by(2), plans[1.min(plans.len())..].iter().step_by(2)];
        let threads = halves.map(|plans| {
            scope.spawn(move || {
                plans.filter_map(|plan| Some(format!("{plan:?}: {}", kill_once(*plan).err()?))).collect::<Vec<_>>()
            })
        });
        threads.into_iter().flat_map(|thread| thread.join().expect("it does not panic")).collect()
    });
    assert!(failures.is_empty(), "STACKHAND_KILL_SEED={seed}: {failures:#?}");
}
