use std::time::Duration;

use chrono::{DateTime, TimeDelta, TimeZone, Utc};

use super::claim::Ending;
use super::*;
use crate::clock::Clock;
use crate::config::{Event, Rate};
use crate::database::Database;
use crate::secret::Scrubber;

pub(super) const RATE: Rate = Rate { most: 5_000, per: Duration::from_hours(1) };
const LIMIT: Duration = Duration::from_secs(20);

pub(super) fn start() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 2, 0, 0).unwrap()
}

pub(super) fn channel(name: &str) -> Channel {
    Channel { name: name.to_owned(), kind: ChannelKind::Log, events: Event::BY_DEFAULT.to_vec(), rate: RATE }
}

pub(super) async fn outbox() -> (Outbox, Clock) {
    let clock = Clock::starting_at(start());
    let database = Database::in_memory(&clock).await.expect("a database");
    (Outbox::open(&database, &Scrubber::new()).await.expect("an outbox"), clock)
}

pub(super) fn about(event: Event, clock: &Clock) -> Notice {
    Notice {
        job: Some("night-shift".to_owned()),
        reason: Some("quota".to_owned()),
        ..Notice::new(Topic::Job(event), clock.now())
    }
}

async fn put(outbox: &Outbox, notice: &Notice) -> usize {
    outbox.enqueue(notice, &[channel("ops")], None).await.expect("taken in")
}

/// Takes all that is due, as if it were sent: what it is about, and how many.
async fn taken(outbox: &Outbox) -> Vec<(&'static str, u64)> {
    let mut all = Vec::new();
    while let Some(claim) = outbox.claim("ops", RATE, "me", LIMIT).await.expect("claimed") {
        all.push((claim.notice.as_ref().expect("readable").topic.as_str(), claim.count));
        outbox.finish(&claim, &Ending::Sent).await.expect("written");
    }
    all
}

#[tokio::test]
async fn a_channel_is_told_what_it_or_the_job_asks_for() {
    let (outbox, clock) = outbox().await;
    assert_eq!(put(&outbox, &about(Event::Done, &clock)).await, 0);
    assert_eq!(put(&outbox, &about(Event::Failed, &clock)).await, 1);
    let both = [channel("ops"), channel("mail")];
    let done = outbox.enqueue(&about(Event::Done, &clock), &both, Some(&[Event::Done])).await.expect("taken in");
    assert_eq!(done, 2);
    let other = outbox.enqueue(&about(Event::Missed, &clock), &both, Some(&[Event::Done])).await.expect("taken in");
    assert_eq!(other, 0);
    assert_eq!(
        put(&outbox, &Notice { text: Some("hello".to_owned()), ..Notice::new(Topic::Message, clock.now()) }).await,
        1
    );
    assert_eq!(taken(&outbox).await, [("failed", 1), ("done", 1), ("message", 1)]);
    let waiting = outbox.waiting().await.expect("read");
    assert_eq!(
        waiting.iter().map(|waiting| (waiting.channel.as_str(), waiting.count)).collect::<Vec<_>>(),
        [("mail", 1)]
    );
}

#[tokio::test]
async fn a_simulated_notice_goes_nowhere() {
    let (outbox, clock) = outbox().await;
    assert_eq!(put(&outbox, &Notice { simulated: true, ..about(Event::Failed, &clock) }).await, 0);
    assert_eq!(outbox.waiting().await.expect("read"), []);
}

#[tokio::test]
async fn repeats_are_told_as_one_an_hour_and_the_end_of_them_once() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    assert_eq!(taken(&outbox).await, [("failed", 1)]);
    for _ in 0..6 {
        clock.sleep(Duration::from_mins(5)).await;
        put(&outbox, &about(Event::Failed, &clock)).await;
        assert_eq!(taken(&outbox).await, []);
    }
    clock.sleep(Duration::from_mins(30)).await;
    assert_eq!(taken(&outbox).await, [("failed", 7)]);
    clock.sleep(Duration::from_mins(5)).await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    put(&outbox, &Notice { reason: Some("other".to_owned()), ..about(Event::Failed, &clock) }).await;
    put(&outbox, &about(Event::Recovered, &clock)).await;
    put(&outbox, &about(Event::Recovered, &clock)).await;
    assert_eq!(taken(&outbox).await, [("failed", 8), ("failed", 1), ("recovered", 9)]);
    put(&outbox, &about(Event::Failed, &clock)).await;
    assert_eq!(taken(&outbox).await, [("failed", 1)]);
}

#[tokio::test]
async fn nothing_recovers_that_did_not_fail() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Late, &clock)).await;
    assert_eq!(put(&outbox, &about(Event::Recovered, &clock)).await, 0);
    let other = Notice { job: Some("morning-shift".to_owned()), ..about(Event::Failed, &clock) };
    put(&outbox, &other).await;
    assert_eq!(put(&outbox, &about(Event::Recovered, &clock)).await, 0);
    assert_eq!(taken(&outbox).await, [("late", 1), ("failed", 1)]);
}

#[tokio::test]
async fn what_comes_again_after_a_week_is_new() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Late, &clock)).await;
    assert_eq!(taken(&outbox).await, [("late", 1)]);
    clock.sleep(Duration::from_hours(24 * 8)).await;
    put(&outbox, &about(Event::Late, &clock)).await;
    assert_eq!(taken(&outbox).await, [("late", 1)]);
}

#[tokio::test]
async fn a_channel_is_told_of_a_key_once_for_each_step() {
    let (outbox, clock) = outbox().await;
    let end = clock.now() + TimeDelta::days(20);
    for _ in 0..30 {
        if let Some(notice) = Notice::key_expiring(Some("shop-prod"), end, clock.now()) {
            put(&outbox, &notice).await;
        }
        clock.sleep(Duration::from_hours(24)).await;
    }
    let told = taken(&outbox).await;
    assert_eq!(told, [("key_expiring", 1); 4], "30 days, 7, 1, and that it is over");
}

#[tokio::test]
async fn a_full_outbox_counts_what_it_drops() {
    let (outbox, clock) = outbox().await;
    for number in 0..1_005 {
        let text = Some(format!("message {number}"));
        put(&outbox, &Notice { text, ..Notice::new(Topic::Message, clock.now()) }).await;
    }
    let told = taken(&outbox).await;
    assert_eq!((told.len(), told.last().copied()), (1_001, Some(("dropped", 5))));
}

#[tokio::test]
async fn a_claim_is_one_process_alone_until_its_lease_ends() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    put(&outbox, &about(Event::Missed, &clock)).await;
    let first = outbox.claim("ops", RATE, "one", LIMIT).await.expect("claimed").expect("due");
    assert!(outbox.claim("ops", RATE, "two", LIMIT).await.expect("asked").is_none(), "in order, one at a time");
    clock.sleep(Duration::from_secs(51)).await;
    let second = outbox.claim("ops", RATE, "two", LIMIT).await.expect("claimed").expect("the lease is over");
    assert_eq!(first.id, second.id);
    // Who comes too late changes nothing any more.
    outbox.finish(&first, &Ending::GivenUp("late".to_owned())).await.expect("written");
    assert_eq!(outbox.given_up(start()).await.expect("read"), []);
    outbox.finish(&second, &Ending::Sent).await.expect("written");
    assert_eq!(taken(&outbox).await, [("missed", 1)]);
}

#[tokio::test]
async fn a_repeat_that_comes_while_its_notice_is_sent_waits_for_the_next() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    let claim = outbox.claim("ops", RATE, "me", LIMIT).await.expect("claimed").expect("due");
    put(&outbox, &about(Event::Failed, &clock)).await;
    outbox.finish(&claim, &Ending::Sent).await.expect("written");
    assert_eq!(taken(&outbox).await, []);
    clock.sleep(Duration::from_hours(1)).await;
    assert_eq!(taken(&outbox).await, [("failed", 2)]);
}

#[tokio::test]
async fn a_channel_is_told_no_more_than_its_rate() {
    let (outbox, clock) = outbox().await;
    let rate = Rate { most: 2, per: Duration::from_mins(10) };
    for number in 0..5 {
        let text = Some(format!("message {number}"));
        put(&outbox, &Notice { text, ..Notice::new(Topic::Message, clock.now()) }).await;
    }
    let mut times = Vec::new();
    while times.len() < 5 {
        match outbox.claim("ops", rate, "me", LIMIT).await.expect("claimed") {
            Some(claim) => {
                outbox.finish(&claim, &Ending::Sent).await.expect("written");
                times.push((clock.now() - start()).num_minutes());
            }
            None => clock.sleep_until(outbox.next_due().await.expect("read").expect("some wait")).await,
        }
    }
    assert_eq!(times, [0, 0, 10, 10, 20]);
}

#[tokio::test]
async fn a_rate_of_a_million_years_is_one_for_as_long_as_anything_is_known() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &Notice::new(Topic::Message, clock.now())).await;
    let rate = Rate { most: 1, per: Duration::from_hours(24 * 366 * 1_000_000) };
    assert!(outbox.claim("ops", rate, "me", LIMIT).await.expect("claimed").is_some());
}

#[tokio::test]
async fn secrets_are_kept_out_of_the_file() {
    let clock = Clock::starting_at(start());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    let options = crate::database::Options::new(crate::database::Synchronous::Normal, clock.clone());
    let database = Database::open(&file, &options).await.expect("opened").database;
    let scrubber = Scrubber::new();
    scrubber.learn("hunter22-and-more");
    let outbox = Outbox::open(&database, &scrubber).await.expect("an outbox");
    let mut notice = about(Event::Failed, &clock);
    notice.reason = Some("refused hunter22-and-more".to_owned());
    notice.text = Some(format!("{}hunter22-and-more", "x".repeat(8_185)));
    notice.fields.insert("hunter22-and-more".to_owned(), "aHVudGVyMjItYW5kLW1vcmU=".to_owned());
    put(&outbox, &notice).await;
    database.close().await;
    let bytes = std::fs::read(&file).expect("readable");
    let holds = |needle: &[u8]| bytes.windows(needle.len()).any(|part| part == needle);
    assert!(holds(b"refused ***"));
    assert!(!holds(b"hunter") && !holds(b"aHVudGVy"));
}

#[tokio::test]
async fn what_was_told_is_forgotten_after_a_month() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    let claim = outbox.claim("ops", RATE, "me", LIMIT).await.expect("claimed").expect("due");
    outbox.finish(&claim, &Ending::GivenUp("no".to_owned())).await.expect("written");
    outbox.prune().await.expect("pruned");
    assert_eq!(outbox.given_up(start()).await.expect("read").len(), 1);
    clock.sleep(Duration::from_hours(24 * 31)).await;
    outbox.prune().await.expect("pruned");
    assert_eq!(outbox.given_up(start()).await.expect("read"), []);
}

#[tokio::test]
async fn a_key_that_is_looked_at_seldom_is_not_told_of_again() {
    let (outbox, clock) = outbox().await;
    let end = clock.now() - TimeDelta::days(1);
    for _ in 0..60 {
        put(&outbox, &Notice::key_expiring(None, end, clock.now()).expect("it is over")).await;
        outbox.prune().await.expect("pruned");
        clock.sleep(Duration::from_hours(24)).await;
    }
    assert_eq!(taken(&outbox).await, [("key_expiring", 1)]);
    let renewed = Notice::key_expiring(None, clock.now() + TimeDelta::days(5), clock.now()).expect("it is close");
    put(&outbox, &renewed).await;
    assert_eq!(taken(&outbox).await, [("key_expiring", 1)]);
}

#[tokio::test]
async fn what_was_told_once_is_not_kept_for_ever() {
    let (outbox, clock) = outbox().await;
    for number in 0..200 {
        let once = Some(format!("night-shift {number}"));
        put(&outbox, &Notice { once, ..about(Event::Recovered, &clock) }).await;
        outbox.prune().await.expect("pruned");
        clock.sleep(Duration::from_hours(24)).await;
    }
    let mut read = outbox.database.read().await.expect("read");
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM notice_once").fetch_one(&mut *read).await.expect("read");
    assert_eq!(kept, 31);
}

#[tokio::test]
async fn figures_at_the_end_of_their_range_in_the_file_stop_nobody() {
    let (outbox, clock) = outbox().await;
    put(&outbox, &about(Event::Failed, &clock)).await;
    put(&outbox, &Notice { reason: Some("other".to_owned()), ..about(Event::Failed, &clock) }).await;
    assert_eq!(taken(&outbox).await.len(), 2);
    for (last_at, told_at, since) in [(i64::MIN, i64::MIN, i64::MIN), (i64::MAX, i64::MAX, i64::MAX)] {
        let mut write = outbox.database.write().await.expect("open");
        sqlx::query("UPDATE notice_group SET count = ?1, last_at = ?2, told_at = ?3, since = ?4")
            .bind(i64::MAX)
            .bind(last_at)
            .bind(told_at)
            .bind(since)
            .execute(&mut *write)
            .await
            .expect("written");
        write.commit().await.expect("written");
        put(&outbox, &about(Event::Failed, &clock)).await;
        clock.sleep(Duration::from_hours(3)).await;
        taken(&outbox).await;
    }
    // Both groups count as many as there can be, and their sum is no more.
    let mut write = outbox.database.write().await.expect("open");
    sqlx::query("UPDATE notice_group SET count = ?1").bind(i64::MAX).execute(&mut *write).await.expect("written");
    write.commit().await.expect("written");
    put(&outbox, &about(Event::Recovered, &clock)).await;
    assert_eq!(taken(&outbox).await.last(), Some(&("recovered", u64::try_from(i64::MAX).unwrap())));
}
