//! Opens the file, and hands out its connections.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, SqliteConnection};

use super::aside::set_aside;
use super::check::{APPLICATION, Finding, LAYOUT, examine};
use super::connection::{Read, Readers, Write};
use super::failure::{Said, placed, removed, said, unusable};
use super::identity::Identity;
use super::instant::to_millis;
use super::lock::Lock;
use crate::clock::Clock;
use crate::error::Error;

/// How long a statement waits for another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the check at the start may take.
const CHECK_TIME: Duration = Duration::from_secs(2);
/// How many prepared statements a connection keeps.
const STATEMENTS: usize = 256;
/// The folder that is stackhand's own in a workspace.
const OWN_FOLDER: &str = ".stackhand";

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// When what is committed is on the disk.
    pub synchronous: Synchronous,
    /// Gives the time for names and records, and bounds the check.
    pub clock: Clock,
    /// How long the check of the whole file may take; 2 seconds unless told.
    pub check_time: Duration,
}

/// When what is committed is on the disk. A process that is killed loses nothing either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// Once the commit returns: a power failure loses nothing.
    Full,
    /// A little later: a power failure may lose the last commits, but never damages the file.
    Normal,
}

impl Options {
    /// A check of at most 2 seconds.
    #[must_use]
    pub fn new(synchronous: Synchronous, clock: Clock) -> Self {
        Self { synchronous, clock, check_time: CHECK_TIME }
    }
}

/// An opened database, and what its user should be told.
#[derive(Debug)]
pub struct Opened {
    /// The database.
    pub database: Database,
    /// What happened on the way, each a sentence for people.
    pub notes: Vec<String>,
}

/// The workspace's state; cheap to clone. Tables are the rooms' own, see [`Migration`](super::Migration).
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    file: PathBuf,
    clock: Clock,
    writer: Arc<tokio::sync::Mutex<SqliteConnection>>,
    readers: Option<Arc<Readers>>,
    identity: Option<Identity>,
    _lock: Option<Lock>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.0.file).finish()
    }
}

impl Database {
    /// Opens a file, making it and its folder where there is none, and looks whether it is sound.
    ///
    /// A file that is damaged or another program's is set aside as `state.db.damaged-<time>`, and a new one is begun;
    /// a note says so.
    ///
    /// # Errors
    /// Of kind `config`, with the file as its place: `state_newer` for a file of a later stackhand, `state_locked`,
    /// `state_full`, `state_forbidden`, `state_unusable`.
    pub async fn open(file: &Path, options: &Options) -> Result<Opened, Error> {
        Self::open_file(file, options).await.map_err(|error| placed(error, file))
    }

    async fn open_file(file: &Path, options: &Options) -> Result<Opened, Error> {
        let clock = &options.clock;
        create(file).map_err(|error| unusable(&error))?;
        let mut lock = Lock::shared(file, clock).await?;
        let mut notes = Vec::new();
        let mut finding = examine(file, options.check_time, clock).await?;
        if let Finding::Damaged(_) = &finding {
            lock = lock.alone(clock).await?;
            // Another process may have set it aside by now.
            finding = examine(file, options.check_time, clock).await?;
            if let Finding::Damaged(why) = &finding {
                let aside = set_aside(file, clock.now()).map_err(|error| unusable(&error))?;
                notes.push(format!(
                    "the state `{}` cannot be used: {why}; it was set aside as `{}`, and a new one was begun",
                    file.display(),
                    aside.display()
                ));
                create(file).map_err(|error| unusable(&error))?;
            }
            lock = lock.share(clock).await?;
        }
        if finding == Finding::Unfinished {
            notes.push(format!(
                "the state `{}` is large: the check at the start was ended after {} s",
                file.display(),
                options.check_time.as_secs()
            ));
        }
        let connect = connect_options(options.synchronous).filename(file);
        let mut writer = open_writer(&connect.clone().journal_mode(SqliteJournalMode::Wal), clock).await?;
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut writer).await?;
        if mode != "wal" {
            notes.push(format!(
                "the state `{}` is on a file system that keeps no write-ahead log; readers and writers wait for each other",
                file.display()
            ));
        }
        let database = Self::begin(file.to_owned(), clock.clone(), writer, Some(connect), Some(lock)).await?;
        Ok(Opened { database, notes })
    }

    /// A database of the memory alone, for tests. It has one connection: a reader waits for the writer.
    ///
    /// # Errors
    /// If SQLite cannot begin one.
    pub async fn in_memory(clock: &Clock) -> Result<Self, Error> {
        let writer = connect_options(Synchronous::Normal).in_memory(true).connect().await?;
        Self::begin(PathBuf::from(":memory:"), clock.clone(), writer, None, None).await
    }

    async fn begin(
        file: PathBuf,
        clock: Clock,
        writer: SqliteConnection,
        connect: Option<SqliteConnectOptions>,
        lock: Option<Lock>,
    ) -> Result<Self, Error> {
        let readers = connect.map(|connect| Arc::new(Readers::new(connect.pragma("query_only", "ON"))));
        let writer = Arc::new(tokio::sync::Mutex::new(writer));
        let identity = Identity::of(&file);
        let database = Self(Arc::new(Inner { file, clock, writer, readers, identity, _lock: lock }));
        database.begin_tables().await?;
        Ok(database)
    }

    /// Marks a new file as ours.
    async fn begin_tables(&self) -> Result<(), Error> {
        let layout = sqlx::query_scalar::<_, i64>("PRAGMA user_version");
        if layout.fetch_one(&mut *self.0.writer.lock().await).await? == LAYOUT {
            return Ok(());
        }
        let mut write = self.write().await?;
        sqlx::raw_sql(
            "CREATE TABLE IF NOT EXISTS schema_version (
                room TEXT PRIMARY KEY, version INTEGER NOT NULL, at INTEGER NOT NULL
             ) STRICT, WITHOUT ROWID",
        )
        .execute(&mut *write)
        .await?;
        let marks = format!("PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *write).await?;
        write.commit().await
    }

    /// Begins a write transaction; waits for the one before. A task that holds one must not begin another.
    ///
    /// # Errors
    /// Code `state_locked` if another process holds the file for longer than 5 seconds, `state_removed` if the file is no
    /// longer where it was: what is written to it then would be lost; those of the file.
    pub async fn write(&self) -> Result<Write, Error> {
        if Identity::of(&self.0.file) != self.0.identity {
            return Err(self.placed(removed()));
        }
        Write::begin(self.0.writer.clone()).await.map_err(|error| self.placed(error.into()))
    }

    /// A connection to read with; sees what is committed.
    ///
    /// # Errors
    /// Those of the file.
    pub async fn read(&self) -> Result<Read, Error> {
        match &self.0.readers {
            Some(readers) => readers.read().await.map_err(|error| self.placed(error.into())),
            None => Ok(Read::of_writer(self.0.writer.clone()).await),
        }
    }

    /// Waits for the write that is under way, and empties the log into the file, so that the file alone is
    /// all of it. It need not be called.
    pub async fn close(&self) {
        let mut writer = self.0.writer.lock().await;
        // Others may still read the log; then it stays.
        let _ = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut *writer).await;
    }

    /// Says of which file an error is, where it does not yet.
    #[must_use]
    pub fn placed(&self, error: Error) -> Error {
        placed(error, &self.0.file)
    }

    /// The file; `:memory:` of one that has none.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.0.file
    }

    /// The clock that records are dated by.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    pub(super) fn now_millis(&self) -> i64 {
        to_millis(self.0.clock.now())
    }
}

fn connect_options(synchronous: Synchronous) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        .statement_cache_capacity(STATEMENTS)
        .synchronous(match synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        })
        // Statements carry what notices say; the log is no place for them.
        .disable_statement_logging()
}

/// Opens the connection that writes. Who turns a new file to its log needs it alone for a moment, which SQLite does
/// not wait for.
async fn open_writer(connect: &SqliteConnectOptions, clock: &Clock) -> Result<SqliteConnection, Error> {
    const ATTEMPTS: u32 = 100;
    const STEP: Duration = Duration::from_millis(20);
    let mut attempt = 1;
    loop {
        match connect.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) if said(&error) == Said::Busy && attempt < ATTEMPTS => clock.sleep(STEP).await,
            Err(error) => return Err(error.into()),
        }
        attempt += 1;
    }
}

/// Makes the folder and an empty file, both for the user alone, where there are none.
fn create(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        // Kept out of version control, as the journal is.
        if folder.file_name().is_some_and(|name| name == OWN_FOLDER) && !folder.join(".gitignore").exists() {
            fs::write(folder.join(".gitignore"), "*\n")?;
        }
    }
    let mut options = OpenOptions::new();
    // SQLite gives its log the file's own permissions.
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}
