//! How a server ends: what runs is waited for, and cancelled once it took too long, and the log says what that is.

use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::{mpsc, oneshot};

use super::doors::Doors;
use super::server::Signal;
use super::watching::shown;
use crate::clock::Clock;
use crate::config::{Zone, duration};
use crate::schedule::executor::Command;
use crate::schedule::rows::Entry;
use crate::schedule::store::Store;

/// A line names so many runs at most, and counts the others.
const NAMED: usize = 20;

/// Starts nothing any more, waits for what runs until the grace is over or the process is told to end once more, and
/// cancels what still runs then.
pub(super) async fn end<S: Store>(doors: &Doors<S>, mut signals: mpsc::Receiver<Signal>, grace: Duration) {
    let clock = Clock::process();
    let span = TimeDelta::from_std(grace).unwrap_or(TimeDelta::MAX);
    let until = clock.now().checked_add_signed(span);
    tracing::info!(
        target: "stackhand::serve",
        grace = duration::print(span),
        "ending: nothing is started any more"
    );
    let Some(running) = ask(doors, Command::Drain).await else { return };
    let zone = doors.runner.jobs().workspace.timezone.unwrap_or(Zone::UTC);
    if !running.is_empty() {
        tracing::info!(
            target: "stackhand::serve",
            runs = named(&running),
            until = until.map(|until| shown(until, zone)),
            "waiting for {}", counted(&running)
        );
    }
    let again = async {
        while let Some(signal) = signals.recv().await {
            if signal == Signal::End {
                return;
            }
        }
        std::future::pending::<()>().await;
    };
    let why = match clock.timeout(grace, again).await {
        None => "the grace is over",
        Some(()) => "ending at once",
    };
    let Some(running) = ask(doors, Command::Stop).await else { return };
    tracing::warn!(target: "stackhand::serve", runs = named(&running), "{why}: what runs is cancelled");
}

/// Tells the loop something, and gives the runs that it answers with; `None` once it has ended.
async fn ask<S: Store>(doors: &Doors<S>, command: fn(oneshot::Sender<Vec<Entry>>) -> Command) -> Option<Vec<Entry>> {
    let (answer, answered) = oneshot::channel();
    doors.commands.send(command(answer)).await.ok()?;
    answered.await.ok()
}

/// Runs as a person looks for them: `night-shift@shop-prod e5a3e0b1-…, rotation 77c0…`.
fn named(running: &[Entry]) -> String {
    let name = |entry: &Entry| match &entry.run {
        Some(run) => format!("{} {run}", entry.job),
        None => entry.job.to_string(),
    };
    let mut names: Vec<String> = running.iter().take(NAMED).map(name).collect();
    if running.len() > NAMED {
        names.push(format!("and {} more", running.len() - NAMED));
    }
    names.join(", ")
}

fn counted(running: &[Entry]) -> String {
    match running.len() {
        1 => "1 run".to_owned(),
        count => format!("{count} runs"),
    }
}
