use std::path::Path;

use super::*;
use crate::clock::Clock;
use crate::config::Workspace;
use crate::database::Database;
use crate::notices::Outbox;
use crate::secret::Scrubber;

const WORKSPACE: &str = r#"
timezone = "Europe/Berlin"
[profile.shop]
project_id = "11111111-1111-4111-8111-111111111111"
credentials = "key.json"
[profile.other]
project_id = "11111111-1111-4111-8111-111111111111"
[channel.ops]
kind = "log"
[channel.deaf]
kind = "log"
events = ["failed"]
[channel.own]
kind = "log"
[channel.idle]
kind = "log"
[[job]]
name = "night"
recipe = "r.rhai"
schedule = "0 20 * * *"
profiles = ["shop", "sim"]
notify = { channels = ["ops", "deaf"] }
[[job]]
name = "morning"
recipe = "r.rhai"
schedule = "0 7 * * *"
profiles = ["shop"]
notify = { channels = ["ops", "own"], events = ["key_expiring"] }
[[job]]
name = "elsewhere"
recipe = "r.rhai"
schedule = "0 7 * * *"
profiles = ["other"]
notify = { channels = ["idle"] }
"#;

fn start() -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse().expect("a time")
}

/// A server's part that tells people, on a clock that stands unless it is waited for.
struct House {
    folder: tempfile::TempDir,
    clock: Clock,
    database: Database,
    jobs: Arc<Jobs>,
    telling: Telling,
}

impl House {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("stackhand.toml");
        std::fs::write(&file, WORKSPACE).expect("written");
        let jobs = Jobs::of(Workspace::read(&file, WORKSPACE).expect("it reads"), None).expect("they are jobs");
        let clock = Clock::starting_at(start());
        let database = Database::in_memory(&clock).await.expect("a database");
        let telling = telling(folder.path(), &database).await;
        Self { folder, clock, database, jobs: Arc::new(jobs), telling }
    }

    /// Puts in a key that is valid for so many days.
    fn key(&self, days: i64) {
        let until = self.clock.now() + TimeDelta::days(days);
        let key = serde_json::json!({ "id": "k", "validUntil": until.to_rfc3339(), "credentials": {} });
        std::fs::write(self.folder.path().join("key.json"), key.to_string()).expect("written");
    }

    /// Serves for so many days; gives after how many of them a channel was told something.
    async fn days(&self, days: i64) -> Vec<(&'static str, i64)> {
        let (from, end) = (self.clock.now(), self.clock.now() + TimeDelta::days(days));
        let outbox = Outbox::open(&self.database, &Scrubber::new()).await.expect("an outbox");
        let counts = async || {
            let waiting = outbox.waiting().await.expect("read");
            ["ops", "deaf", "own", "idle"].map(|name| {
                let of = waiting.iter().find(|waiting| waiting.channel == name);
                (name, of.map_or(0, |waiting| waiting.count))
            })
        };
        let mut told = Vec::new();
        let mut before = counts().await;
        while self.clock.now() < end {
            let next = self.telling.look_at_keys(&self.jobs).await;
            let now = counts().await;
            for ((name, count), (_, earlier)) in now.iter().zip(before) {
                told.extend((earlier..*count).map(|_| (*name, (self.clock.now() - from).num_days())));
            }
            before = now;
            assert!(next > self.clock.now(), "it is not looked at without a pause");
            self.clock.sleep_until(next).await;
        }
        told
    }
}

async fn telling(folder: &Path, database: &Database) -> Telling {
    let surround = Surround::in_folder(folder);
    Telling::open(database, &surround).await.expect("it opens")
}

#[tokio::test]
async fn a_key_is_told_of_at_each_step_once_and_to_those_who_run_with_it() {
    let house = House::new().await;
    house.key(40);
    let both = |day| [("ops", day), ("own", day)];
    assert_eq!(house.days(60).await, [both(10), both(33), both(39), both(40)].concat());
}

#[tokio::test]
async fn who_starts_late_tells_at_once_and_a_new_key_begins_anew() {
    let mut house = House::new().await;
    house.key(5);
    assert_eq!(house.days(2).await, [("ops", 0), ("own", 0)]);
    house.telling = telling(house.folder.path(), &house.database).await;
    assert_eq!(house.days(1).await, [], "what was told is known after another start");
    house.key(100);
    assert_eq!(house.days(69).await, []);
    assert_eq!(house.days(2).await, [("ops", 1), ("own", 1)]);
}

#[tokio::test]
async fn the_last_moment_is_not_slept_through() {
    let house = House::new().await;
    let until = start() + TimeDelta::days(7) + TimeDelta::minutes(1);
    let key = serde_json::json!({ "validUntil": until.to_rfc3339(), "credentials": {} });
    std::fs::write(house.folder.path().join("key.json"), key.to_string()).expect("written");
    assert_eq!(house.telling.look_at_keys(&house.jobs).await, start() + TimeDelta::minutes(1));
    std::fs::write(house.folder.path().join("key.json"), "{").expect("written");
    assert_eq!(house.telling.look_at_keys(&house.jobs).await, start() + READ_EVERY);
}
