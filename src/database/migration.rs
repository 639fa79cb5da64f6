//! The tables of the rooms, brought to their newest version.

use sqlx::SqliteConnection;

use super::{Database, failure};
use crate::error::Error;

/// One step of a room's tables. The steps of a room are numbered from 1 without gaps, and never change once shipped.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// Whose tables these are.
    pub room: &'static str,
    /// The version that the tables are at afterwards.
    pub version: i64,
    /// Statements, divided by semicolons.
    pub sql: &'static str,
}

impl Database {
    /// Brings tables to their newest version, each room's steps in the order given, all in one transaction. May be
    /// called again at any time.
    ///
    /// # Errors
    /// Code `state_newer` if a room's tables are at a later version than its last step; those of writing.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<(), Error> {
        self.migrate_all(migrations).await.map_err(|error| self.placed(error))
    }

    async fn migrate_all(&self, migrations: &[Migration]) -> Result<(), Error> {
        if missing(&mut *self.read().await?, migrations).await?.is_empty() {
            return Ok(());
        }
        let mut write = self.write().await?;
        // Another process may have been faster.
        for migration in missing(&mut write, migrations).await? {
            sqlx::raw_sql(migration.sql).execute(&mut *write).await?;
            sqlx::query(
                "INSERT INTO schema_version (room, version, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (room) DO UPDATE SET version = excluded.version, at = excluded.at",
            )
            .bind(migration.room)
            .bind(migration.version)
            .bind(self.now_millis())
            .execute(&mut *write)
            .await?;
        }
        write.commit().await
    }
}

/// The steps that are still to be taken.
async fn missing<'m>(
    connection: &mut SqliteConnection,
    migrations: &'m [Migration],
) -> Result<Vec<&'m Migration>, Error> {
    let versions: Vec<(String, i64)> =
        sqlx::query_as("SELECT room, version FROM schema_version").fetch_all(&mut *connection).await?;
    let at = |room: &str| versions.iter().find(|(other, _)| other == room).map_or(0, |(_, version)| *version);
    for migration in migrations {
        let of_room = migrations.iter().filter(|other| other.room == migration.room);
        let known = of_room.map(|other| other.version).max().unwrap_or(0);
        if at(migration.room) > known {
            return Err(failure::newer(&format!("`{}`", migration.room), at(migration.room), known));
        }
    }
    Ok(migrations.iter().filter(|migration| migration.version > at(migration.room)).collect())
}
