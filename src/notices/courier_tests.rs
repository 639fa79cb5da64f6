use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;

use super::letter::Letter;
use super::outbox_tests::{about, channel, outbox, start};
use super::sending::{Failure, Post};
use super::*;
use crate::clock::Clock;
use crate::config::{Event, Rate, Zone};
use crate::database::{Database, Options, Synchronous};
use crate::error::{Error, Kind};
use crate::secret::Scrubber;
use crate::transport::{Live, LiveOptions};

/// Answers as it is told to, then takes everything.
#[derive(Default)]
struct Script {
    answers: Mutex<VecDeque<Failure>>,
    taken: Mutex<Vec<(String, String, String)>>,
    clock: Option<Clock>,
}

impl Post for Script {
    fn hand_over<'l>(
        &'l self,
        channel: &'l Channel,
        letter: &'l Letter,
        _: Duration,
    ) -> BoxFuture<'l, Result<(), Failure>> {
        Box::pin(async move {
            if let Some(clock) = &self.clock {
                clock.sleep(Duration::from_millis(5)).await;
            }
            if let Some(failure) = self.answers.lock().unwrap().pop_front() {
                return Err(failure);
            }
            self.taken.lock().unwrap().push((channel.name.clone(), letter.id.clone(), letter.title()));
            Ok(())
        })
    }
}

impl Script {
    fn titles(&self) -> Vec<String> {
        self.taken.lock().unwrap().iter().map(|(_, _, title)| title.clone()).collect()
    }
}

fn failure(is_final: bool, retry_after: Option<Duration>) -> Failure {
    Failure {
        error: Error::new(Kind::Server, "notice_refused", "the channel answers 503").into(),
        is_final,
        retry_after,
    }
}

fn surroundings(clock: &Clock) -> Surroundings {
    Surroundings {
        outside: Live::new(&LiveOptions::default()).expect("a network").outside(),
        clock: clock.clone(),
        scrubber: Scrubber::new(),
        zone: Zone::UTC,
        log: Arc::new(|_| {}),
        owner: Owner::unknown(),
    }
}

async fn courier(answers: Vec<Failure>) -> (Courier, Outbox, Arc<Script>, Clock) {
    let (outbox, clock) = outbox().await;
    let script = Arc::new(Script { answers: Mutex::new(answers.into()), ..Script::default() });
    let courier = Courier::new(outbox.clone(), vec![channel("ops")], surroundings(&clock)).by(script.clone());
    (courier, outbox, script, clock)
}

fn soon(clock: &Clock) -> chrono::DateTime<chrono::Utc> {
    clock.now() + TimeDelta::seconds(10)
}

#[tokio::test]
async fn a_channel_that_fails_is_tried_again_in_order_and_nothing_is_lost() {
    let failures = (0..3).map(|_| failure(false, None)).collect();
    let (courier, outbox, script, clock) = courier(failures).await;
    for event in [Event::Failed, Event::Late] {
        outbox.enqueue(&about(event, &clock), &[channel("ops")], None).await.expect("taken in");
    }
    let mut waits = Vec::new();
    loop {
        let delivered = courier.deliver_due(soon(&clock)).await.expect("delivered");
        if delivered.remaining.is_empty() {
            break;
        }
        assert_eq!(delivered.remaining[0].error.as_deref(), Some("the channel answers 503"));
        let next = courier.next_due().await.expect("read").expect("some wait");
        waits.push((next - clock.now()).num_milliseconds());
        assert_eq!(outbox.failed(), [("ops".to_owned(), waits.len() as u64)].into());
        assert_eq!(delivered.remaining[0].due_since, start());
        clock.sleep_until(next).await;
    }
    assert_eq!(script.titles(), ["night-shift failed", "night-shift began late"]);
    assert_eq!(waits.len(), 3);
    for (wait, longest) in waits.iter().zip([2_000, 4_000, 8_000]) {
        assert!((longest / 2 - 1..=longest).contains(wait), "{waits:?}");
    }
}

#[tokio::test]
async fn who_asks_for_peace_gets_it() {
    let (courier, outbox, _, clock) = courier(vec![failure(false, Some(Duration::from_secs(90)))]).await;
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("ops")], None).await.expect("taken in");
    courier.deliver_due(soon(&clock)).await.expect("delivered");
    let next = courier.next_due().await.expect("read").expect("it waits");
    assert_eq!(next, start() + TimeDelta::seconds(90));
}

#[tokio::test]
async fn what_is_refused_for_good_is_given_up_with_a_record_and_stops_nobody() {
    let (courier, outbox, script, clock) = courier(vec![failure(true, None)]).await;
    for event in [Event::Failed, Event::Late] {
        outbox.enqueue(&about(event, &clock), &[channel("ops")], None).await.expect("taken in");
    }
    let delivered = courier.deliver_due(soon(&clock)).await.expect("delivered");
    assert_eq!((delivered.sent, delivered.given_up, delivered.remaining_count()), (1, 1, 0));
    assert_eq!(script.titles(), ["night-shift began late"]);
    let [given_up] = &outbox.given_up(start()).await.expect("read")[..] else { panic!("one was given up") };
    assert_eq!((given_up.topic.as_str(), given_up.error.as_str()), ("failed", "the channel answers 503"));
}

#[tokio::test]
async fn after_a_day_of_failures_a_notice_is_given_up() {
    let (courier, outbox, script, clock) = courier((0..10_000).map(|_| failure(false, None)).collect()).await;
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("ops")], None).await.expect("taken in");
    while let Some(next) = courier.next_due().await.expect("read") {
        clock.sleep_until(next).await;
        courier.deliver_due(soon(&clock)).await.expect("delivered");
    }
    let [given_up] = &outbox.given_up(start()).await.expect("read")[..] else { panic!("one was given up") };
    let after = given_up.at - start();
    assert!(after > TimeDelta::hours(24) && after < TimeDelta::hours(25), "{after}");
    let tries = 10_000 - script.answers.lock().unwrap().len();
    assert!((90..250).contains(&tries), "a quarter of an hour apart at most: {tries}");
}

#[tokio::test]
async fn after_a_day_all_that_is_as_old_is_given_up_at_once() {
    let (courier, outbox, script, clock) = courier((0..10_000).map(|_| failure(false, None)).collect()).await;
    for number in 0..50 {
        let text = Some(format!("message {number}"));
        let notice = Notice { text, ..Notice::new(Topic::Message, clock.now()) };
        outbox.enqueue(&notice, &[channel("ops")], None).await.expect("taken in");
    }
    clock.sleep(Duration::from_hours(25)).await;
    outbox.enqueue(&about(Event::Late, &clock), &[channel("ops")], None).await.expect("taken in");
    let mut tries = 0;
    let delivered = loop {
        tries += 1;
        let delivered = courier.deliver_due(soon(&clock)).await.expect("delivered");
        let next = courier.next_due().await.expect("read").expect("one waits");
        assert!(next > clock.now());
        if delivered.given_up > 0 {
            break delivered;
        }
        clock.sleep_until(next).await;
    };
    assert_eq!((delivered.given_up, delivered.remaining_count()), (50, 1));
    assert_eq!((tries, script.answers.lock().unwrap().len()), (6, 9_994), "a few attempts say enough of the channel");
}

#[tokio::test]
async fn a_notice_that_cannot_be_read_stops_nobody() {
    let (courier, outbox, script, clock) = courier(Vec::new()).await;
    for event in [Event::Failed, Event::Late] {
        outbox.enqueue(&about(event, &clock), &[channel("ops")], None).await.expect("taken in");
    }
    let mut write = outbox.database.write().await.expect("write");
    let spoil = "UPDATE notice SET body = replace(body, '\"failed\"', '\"of another version\"')";
    sqlx::query(spoil).execute(&mut *write).await.expect("written");
    write.commit().await.expect("written");
    let delivered = courier.deliver_due(soon(&clock)).await.expect("delivered");
    assert_eq!((delivered.sent, delivered.given_up), (1, 1));
    assert_eq!(script.titles(), ["night-shift began late"]);
}

#[tokio::test]
async fn a_channel_that_is_gone_keeps_its_notices_for_a_day() {
    let (courier, outbox, _, clock) = courier(Vec::new()).await;
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("gone")], None).await.expect("taken in");
    let delivered = courier.deliver_due(soon(&clock)).await.expect("delivered");
    assert_eq!(delivered.remaining[0].error.as_deref(), Some("the workspace has no channel `gone` that can be used"));
    while let Some(next) = courier.next_due().await.expect("read") {
        clock.sleep_until(next).await;
        courier.deliver_due(soon(&clock)).await.expect("delivered");
    }
    assert_eq!(outbox.given_up(start()).await.expect("read").len(), 1);
}

#[tokio::test]
async fn before_it_exits_a_process_tries_again_but_not_for_long() {
    let (courier, outbox, script, clock) = courier(vec![failure(false, None)]).await;
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("ops")], None).await.expect("taken in");
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("ops")], None).await.expect("taken in");
    let delivered = courier.deliver_before_exit(Duration::from_secs(10)).await.expect("delivered");
    assert_eq!((delivered.sent, delivered.remaining_count()), (1, 0));
    assert_eq!(script.titles(), ["night-shift failed again, 2nd time since 02:00"]);
    script.answers.lock().unwrap().extend((0..100).map(|_| failure(false, None)));
    outbox.enqueue(&about(Event::Late, &clock), &[channel("ops")], None).await.expect("taken in");
    let before = clock.now();
    let delivered = courier.deliver_before_exit(Duration::from_secs(10)).await.expect("delivered");
    assert_eq!((delivered.sent, delivered.remaining_count()), (0, 1));
    assert!(clock.now() - before <= TimeDelta::seconds(10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_processes_at_once_tell_each_notice_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("state.db");
    let clock = Clock::process();
    let script = Arc::new(Script { clock: Some(clock.clone()), ..Script::default() });
    let channels = ["a", "b", "c"].map(channel);
    let mut couriers = Vec::new();
    for _ in 0..3 {
        let options = Options::new(Synchronous::Normal, clock.clone());
        let database = Database::open(&file, &options).await.expect("opened").database;
        let outbox = Outbox::open(&database, &Scrubber::new()).await.expect("an outbox");
        couriers
            .push((outbox.clone(), Courier::new(outbox, channels.to_vec(), surroundings(&clock)).by(script.clone())));
    }
    for number in 0..20 {
        let text = Some(format!("message {number}"));
        let notice = Notice { text, ..Notice::new(Topic::Message, clock.now()) };
        couriers[0].0.enqueue(&notice, &channels, None).await.expect("taken in");
    }
    let running = couriers.into_iter().map(|(_, courier)| {
        tokio::spawn(async move { courier.deliver_before_exit(Duration::from_mins(1)).await.expect("delivered").sent })
    });
    let sent: u64 = futures_util::future::join_all(running).await.into_iter().map(|sent| sent.expect("no panic")).sum();
    let taken = script.taken.lock().unwrap();
    let ids: HashSet<_> = taken.iter().map(|(_, id, _)| id).collect();
    assert_eq!((sent, taken.len(), ids.len()), (60, 60, 60));
    for channel in ["a", "b", "c"] {
        let titles: Vec<_> =
            taken.iter().filter(|(name, ..)| name == channel).map(|(_, _, title)| title.as_str()).collect();
        assert_eq!(titles, (0..20).map(|number| format!("message {number}")).collect::<Vec<_>>(), "in order");
    }
}

#[tokio::test]
async fn what_a_process_that_has_gone_had_under_way_does_not_wait() {
    let (_, outbox, script, clock) = courier(Vec::new()).await;
    let by = |process: &'static str| {
        let owner = Owner::new(process, Arc::new(|other| other == "killed"));
        let surroundings = Surroundings { owner, ..surroundings(&clock) };
        Courier::new(outbox.clone(), vec![channel("ops")], surroundings).by(script.clone())
    };
    outbox.enqueue(&about(Event::Failed, &clock), &[channel("ops")], None).await.expect("taken in");
    let claim = async |owner: &Owner| {
        outbox.claim("ops", Rate::default(), owner.name(), Duration::from_secs(20)).await.expect("claimed")
    };
    let killed = claim(&Owner::new("killed", Arc::new(|_| false))).await.expect("due");
    assert_eq!(by("another").deliver_due(soon(&clock)).await.expect("delivered").sent, 1);
    assert_eq!(script.taken.lock().unwrap()[0].1, killed.id, "it is the same notice");
    outbox.enqueue(&about(Event::Late, &clock), &[channel("ops")], None).await.expect("taken in");
    claim(&Owner::new("alive", Arc::new(|_| false))).await.expect("due");
    assert_eq!(by("another").deliver_due(soon(&clock)).await.expect("delivered").sent, 0);
}
