//! Throws away journals that are older than they are kept.

use std::io;

use chrono::{DateTime, Days, Utc};

use super::folder::Folder;
use super::index::Index;

/// A clock that is ahead by more than this since the last run is not believed: it would throw everything away.
const BELIEVED: Days = Days::new(31);

/// Throws away the days that are older than so many days, and their lines of the index.
pub(super) fn prune(folder: &Folder, days: u32, now: DateTime<Utc>, index: &Index) -> io::Result<()> {
    let today = now.date_naive();
    let all = folder.days()?;
    let latest = all.iter().map(|(day, _)| *day).filter(|day| *day < today).max();
    let believed = latest.and_then(|latest| latest.checked_add_days(BELIEVED)).map_or(today, |day| day.min(today));
    let Some(before) = believed.checked_sub_days(Days::new(u64::from(days))) else { return Ok(()) };
    let old: Vec<_> = all.into_iter().filter(|(day, _)| *day < before).collect();
    if old.is_empty() {
        return Ok(());
    }
    // The index first: what it does not name any more goes with the next run.
    let kept = index.prune(before, now)?;
    for (_, path) in old.into_iter().filter(|(day, _)| !kept.contains(day)) {
        std::fs::remove_dir_all(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::index::Event;
    use super::*;

    #[test]
    fn a_clock_that_is_ahead_by_years_does_not_throw_everything_away() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = Folder::new(home.path());
        let prune_at = |today: &str| {
            std::fs::create_dir_all(home.path().join(today)).expect("a folder");
            let index = Index::lock(&folder).expect("locked");
            let now = format!("{today}T12:00:00Z").parse().expect("a time");
            let event = Event::Began { time: now, run: today.to_owned(), file: format!("{today}/r.ndjson") };
            index.add(&event).expect("added");
            prune(&folder, 400, now, &index).expect("pruned");
            folder.days().expect("days").into_iter().map(|(day, _)| day.to_string()).collect::<Vec<_>>()
        };
        prune_at("2025-11-01");
        prune_at("2026-10-01");
        // Of yesterday; then one of 2099, and one that is right again.
        assert_eq!(prune_at("2026-11-22"), ["2025-11-01", "2026-10-01", "2026-11-22"]);
        assert_eq!(prune_at("2099-01-01"), ["2026-10-01", "2026-11-22", "2099-01-01"]);
        assert_eq!(prune_at("2026-11-23"), ["2026-10-01", "2026-11-22", "2026-11-23", "2099-01-01"]);
    }
}
