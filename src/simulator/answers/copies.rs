//! What snapshots and backups have in common: a name that may be absent, and labels.

use serde::Deserialize;

use crate::simulator::labels::{Given, merge};
use crate::simulator::wire::Refusal;
use crate::simulator::world::Labels;

/// What `UpdateSnapshot` and `UpdateBackup` take.
#[derive(Deserialize)]
pub struct Renaming {
    name: Option<String>,
    labels: Option<Given>,
}

impl Renaming {
    /// Changes what is given.
    ///
    /// # Errors
    /// 400 for a label that cannot be.
    pub fn apply(self, name: &mut Option<String>, labels: &mut Labels) -> Result<(), Refusal> {
        merge(labels, self.labels.as_ref())?;
        if self.name.is_some() {
            *name = self.name;
        }
        Ok(())
    }
}
