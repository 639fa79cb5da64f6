//! Throws away journals that are older than they are kept.

use std::io;

use chrono::{DateTime, Days, Utc};

use super::folder::Folder;
use super::index::Index;

/// Throws away the days that are older than so many days, and their lines of the index.
pub(super) fn prune(folder: &Folder, days: u32, now: DateTime<Utc>, index: &Index) -> io::Result<()> {
    let Some(before) = now.date_naive().checked_sub_days(Days::new(u64::from(days))) else { return Ok(()) };
    let mut has_old = false;
    for (_, path) in folder.days()?.into_iter().filter(|(day, _)| *day < before) {
        std::fs::remove_dir_all(path)?;
        has_old = true;
    }
    if has_old { index.prune(before, now) } else { Ok(()) }
}
