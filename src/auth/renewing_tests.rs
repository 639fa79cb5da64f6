use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::FutureExt as _;
use tokio::sync::Semaphore;

use super::super::testing::{jwt, noon};
use super::*;

/// Mints a numbered token once it is let through its gate.
#[derive(Debug)]
struct Counting {
    clock: Clock,
    minted: AtomicUsize,
    gate: Semaphore,
    fails_with: Mutex<Option<Problem>>,
    causes: Mutex<Vec<Cause>>,
}

impl Minter for Arc<Counting> {
    fn mint<'m>(&'m self, cause: Cause, _current: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>> {
        Box::pin(async move {
            self.causes.lock().unwrap().push(cause);
            self.gate.acquire().await.unwrap().forget();
            if let Some(problem) = self.fails_with.lock().unwrap().clone() {
                assert_ne!(problem, Problem::NoCredentials, "this stands for a bug of ours");
                return Err(problem.into());
            }
            let number = self.minted.fetch_add(1, Ordering::Relaxed);
            let now = self.clock.now();
            Ok(Minted::new(jwt(&number.to_string(), now + TimeDelta::hours(1)).into(), now, None))
        })
    }
}

fn counting(permits: usize) -> (Arc<Counting>, Arc<Renewing<Arc<Counting>>>, Clock) {
    let clock = Clock::starting_at(noon());
    let minter = Arc::new(Counting {
        clock: clock.clone(),
        minted: AtomicUsize::new(0),
        gate: Semaphore::new(permits),
        fails_with: Mutex::default(),
        causes: Mutex::default(),
    });
    (minter.clone(), Arc::new(Renewing::new(minter, clock.clone())), clock)
}

fn unreachable() -> Problem {
    Problem::EndpointUnreachable { reason: "connection refused".to_owned(), lasting: None }
}

#[tokio::test]
async fn many_callers_cause_one_renewal() {
    let (minter, source, _) = counting(0);
    let callers: Vec<_> = (0..50)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.token().await })
        })
        .collect();
    tokio::task::yield_now().await;
    minter.gate.add_permits(50);
    for caller in callers {
        assert_eq!(caller.await.unwrap().unwrap().expose(), jwt("0", noon() + TimeDelta::hours(1)));
    }
    assert_eq!(minter.minted.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_take_the_renewal_with_it() {
    let (minter, source, _) = counting(0);
    let mut first = source.token();
    assert!((&mut first).now_or_never().is_none());
    let mut second = source.token();
    assert!((&mut second).now_or_never().is_none());
    drop(first);
    minter.gate.add_permits(1);
    assert!(second.await.is_ok());
    assert_eq!(minter.causes.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_renewal_that_all_callers_gave_up_is_of_use_to_the_next() {
    let (minter, source, _) = counting(0);
    let mut first = source.token();
    assert!((&mut first).now_or_never().is_none());
    drop(first);
    minter.gate.add_permits(1);
    assert!(source.token().await.is_ok());
    assert_eq!(minter.causes.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let (minter, source, clock) = counting(9);
    let first = source.token().await.unwrap();
    clock.sleep(Duration::from_secs(3500)).await;
    assert_eq!(source.token().await.unwrap(), first);
    clock.sleep(Duration::from_secs(50)).await;
    assert_ne!(source.token().await.unwrap(), first);
    assert_eq!(*minter.causes.lock().unwrap(), [Cause::Expiry, Cause::Expiry]);
    assert_eq!(source.expires_at(), Some(clock.now() + TimeDelta::hours(1)));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_however_many_report_it() {
    let (minter, source, _) = counting(9);
    let first = source.token().await.unwrap();
    source.reject(&first);
    source.reject(&first);
    let second = source.token().await.unwrap();
    assert_ne!(second, first);
    source.reject(&first);
    assert_eq!(source.token().await.unwrap(), second);
    assert_eq!(*minter.causes.lock().unwrap(), [Cause::Expiry, Cause::Rejection]);
}

#[tokio::test]
async fn an_old_token_bridges_an_outage_as_long_as_it_lasts() {
    let (minter, source, clock) = counting(99);
    let first = source.token().await.unwrap();
    *minter.fails_with.lock().unwrap() = Some(unreachable());
    clock.sleep(Duration::from_secs(3550)).await;
    assert_eq!(source.token().await.unwrap(), first);
    clock.sleep(Duration::from_secs(46)).await;
    assert_eq!(source.token().await.unwrap_err().problem, unreachable());
    *minter.fails_with.lock().unwrap() = None;
    assert!(source.token().await.is_ok(), "a failure is not kept");
}

#[tokio::test]
async fn a_refused_token_bridges_nothing() {
    let (minter, source, _) = counting(9);
    let first = source.token().await.unwrap();
    *minter.fails_with.lock().unwrap() = Some(unreachable());
    source.reject(&first);
    assert!(source.token().await.is_err());
}

#[tokio::test]
async fn a_refusal_is_not_bridged_over() {
    let (minter, source, clock) = counting(9);
    source.token().await.unwrap();
    *minter.fails_with.lock().unwrap() = Some(Problem::KeyInactive);
    clock.sleep(Duration::from_secs(3550)).await;
    assert_eq!(source.token().await.unwrap_err().problem, Problem::KeyInactive);
}

#[tokio::test]
async fn nobody_is_left_waiting_when_a_renewal_panics() {
    let (minter, source, _) = counting(9);
    *minter.fails_with.lock().unwrap() = Some(Problem::NoCredentials);
    assert_eq!(source.token().await.unwrap_err().problem, Problem::RenewalLost);
    minter.fails_with.clear_poison();
    *minter.fails_with.lock().unwrap() = None;
    assert!(source.token().await.is_ok());
}

#[test]
fn without_a_runtime_there_is_an_error() {
    let (_, source, _) = counting(9);
    let error = source.token().now_or_never().unwrap().unwrap_err();
    assert_eq!(error.problem, Problem::RenewalLost);
}

#[test]
fn the_virtual_clock_neither_stalls_nor_jumps_while_callers_wait_for_a_token() {
    #[derive(Debug)]
    struct Slow(Clock);
    impl Minter for Slow {
        fn mint<'m>(&'m self, _: Cause, _: Option<&'m Minted>) -> BoxFuture<'m, Result<Minted, Error>> {
            Box::pin(async move {
                self.0.sleep(Duration::from_secs(7)).await;
                Ok(Minted::new("opaque".into(), self.0.now(), None))
            })
        }
    }
    let clock = Clock::starting_at(noon());
    let source = Arc::new(Renewing::new(Slow(clock.clone()), clock.clone()));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (source, clock, handle, busy) = (source.clone(), clock.clone(), runtime.handle().clone(), clock.busy());
            std::thread::spawn(move || {
                let token = handle.block_on(source.token());
                let at = clock.now();
                drop(busy);
                (token.unwrap(), at)
            })
        })
        .collect();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), (Secret::from("opaque"), noon() + TimeDelta::seconds(7)));
    }
}

#[test]
fn the_scrubber_forgets_only_what_is_long_gone() {
    let scrubber = Scrubber::new();
    let passing = Passing::new(scrubber.clone());
    for number in 0..=REMEMBERED {
        passing.learn(&Secret::from(format!("token-{number:04}")));
    }
    assert_eq!(scrubber.scrub("token-0000 token-0001"), "token-0000 ***");
}
