//! The scheduler under everything that can happen to it, against a slow and plain second opinion.
//!
//! Years pass on a clock that the test moves: processes are killed, machines sleep, clocks are set, jobs are edited,
//! paused, removed and created again, runs take long or fail, the store fails before or after it has written. At the
//! end each fire time must be a row of its own or lie in exactly one stretch, and nothing may have happened that the
//! policies forbid.

mod chance;
mod faulty;
mod jobs;
mod oracle;
mod world;

use stackhand::clock::Clock;
use stackhand::database::Database;
use stackhand::schedule::store::{Memory, Sqlite};
use tokio::runtime::{Builder, Runtime};

use chance::Chance;
use world::{Size, World};

/// How many years pass, of 200 jobs; more in a long run.
fn years() -> u32 {
    std::env::var("STACKHAND_SIMULATED_YEARS").ok().and_then(|years| years.parse().ok()).unwrap_or(1)
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn years_of_trouble_leave_each_fire_time_with_one_outcome() {
    let days = std::env::var("STACKHAND_SIMULATED_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(366);
    for year in 0..years() {
        let seed = 0x5eed + u64::from(year);
        let size = Size { jobs: 200, days };
        let summary = World::new(runtime(), Memory::default(), Chance::new(seed), size).live();
        println!("seed {seed:#x}: {summary}");
    }
}

#[test]
fn short_and_dense_trouble_too() {
    for seed in 0..40 {
        World::new(runtime(), Memory::default(), Chance::new(seed), Size { jobs: 12, days: 12 }).live();
    }
}

#[test]
fn the_store_on_disk_comes_through_trouble_as_well() {
    for seed in 100..106 {
        let runtime = runtime();
        let store = runtime.block_on(async {
            let database = Database::in_memory(&Clock::process()).await.expect("a database");
            Sqlite::new(database).await.expect("a store")
        });
        World::new(runtime, store, Chance::new(seed), Size { jobs: 12, days: 12 }).live();
    }
}
