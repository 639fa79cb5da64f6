//! One connection that writes, a few that read.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};
use tokio::sync::{OwnedMutexGuard, OwnedSemaphorePermit, Semaphore};

use crate::error::Error;

/// How many connections read at the same time. They cost memory, and reading takes microseconds.
const READERS: usize = 3;

/// A write transaction. Dropped without [`commit`](Self::commit), nothing of it remains.
///
/// The statements `BEGIN`, `COMMIT`, `ROLLBACK` are sent as any other: sqlx counts transactions by itself, and counts
/// wrong once SQLite has rolled one back on its own, as it does on a full disk.
pub struct Write(Option<OwnedMutexGuard<SqliteConnection>>);

impl Write {
    pub(super) async fn begin(writer: Arc<tokio::sync::Mutex<SqliteConnection>>) -> Result<Self, sqlx::Error> {
        // Made before `BEGIN` is sent: if this future is dropped in between, the transaction is undone.
        let mut write = Self(Some(writer.lock_owned().await));
        sqlx::query("BEGIN IMMEDIATE").execute(&mut *write).await?;
        Ok(write)
    }

    /// Makes the changes last.
    ///
    /// # Errors
    /// If they cannot be written; then nothing of them remains.
    pub async fn commit(mut self) -> Result<(), Error> {
        sqlx::query("COMMIT").execute(&mut *self).await?;
        self.0 = None;
        Ok(())
    }
}

impl Deref for Write {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.0.as_ref().expect("the connection is given back at the end only")
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.0.as_mut().expect("the connection is given back at the end only")
    }
}

impl Drop for Write {
    fn drop(&mut self) {
        let Some(mut connection) = self.0.take() else { return };
        let undo = async move {
            // There may be none any more: SQLite undoes a transaction by itself where the disk is full.
            let _ = sqlx::query("ROLLBACK").execute(&mut *connection).await;
        };
        // Without a runtime the process is ending, and SQLite undoes what was not committed when the file is next used.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(undo);
        }
    }
}

/// A connection to read with. Each statement sees one state; a second statement may see a later one.
pub struct Read(Reading);

enum Reading {
    /// A database of the memory has no other connection.
    Writer(OwnedMutexGuard<SqliteConnection>),
    Reader {
        connection: Option<SqliteConnection>,
        readers: Arc<Readers>,
        _permit: OwnedSemaphorePermit,
    },
}

/// The connections that read, opened when they are first needed.
pub(super) struct Readers {
    options: SqliteConnectOptions,
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Arc<Semaphore>,
}

impl Readers {
    pub fn new(options: SqliteConnectOptions) -> Self {
        Self { options, idle: Mutex::default(), permits: Arc::new(Semaphore::new(READERS)) }
    }

    pub async fn read(self: &Arc<Self>) -> Result<Read, sqlx::Error> {
        let permit = self.permits.clone().acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let idle = self.lock().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        Ok(Read(Reading::Reader { connection: Some(connection), readers: self.clone(), _permit: permit }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read {
    pub(super) async fn of_writer(writer: Arc<tokio::sync::Mutex<SqliteConnection>>) -> Self {
        Self(Reading::Writer(writer.lock_owned().await))
    }
}

impl Deref for Read {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        match &self.0 {
            Reading::Writer(connection) => connection,
            Reading::Reader { connection, .. } => {
                connection.as_ref().expect("the connection is given back at the end only")
            }
        }
    }
}

impl DerefMut for Read {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        match &mut self.0 {
            Reading::Writer(connection) => connection,
            Reading::Reader { connection, .. } => {
                connection.as_mut().expect("the connection is given back at the end only")
            }
        }
    }
}

impl Drop for Read {
    fn drop(&mut self) {
        if let Reading::Reader { connection, readers, .. } = &mut self.0 {
            let connection = connection.take();
            readers.lock().extend(connection);
        }
    }
}
