use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{TimeZone, Utc};

use super::*;
use crate::clock::Clock;
use crate::error::{Error, Kind};

const THINGS: &[Migration] = &[
    Migration { room: "things", version: 1, sql: "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT NOT NULL)" },
    Migration {
        room: "things",
        version: 2,
        sql: "ALTER TABLE thing ADD COLUMN size INTEGER NOT NULL DEFAULT 0; CREATE INDEX thing_size ON thing (size)",
    },
];

fn clock() -> Clock {
    Clock::starting_at(Utc.with_ymd_and_hms(2026, 11, 22, 17, 0, 0).unwrap())
}

fn options() -> Options {
    Options::new(Synchronous::Normal, clock())
}

struct Place {
    _folder: tempfile::TempDir,
    file: PathBuf,
}

fn place() -> Place {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(".stackhand/state.db");
    Place { _folder: folder, file }
}

async fn opened(file: &Path) -> Opened {
    let opened = Database::open(file, &options()).await.expect("it opens");
    opened.database.migrate(THINGS).await.expect("the tables are made");
    opened
}

async fn add(database: &Database, name: &str) -> Result<(), Error> {
    let mut write = database.write().await?;
    sqlx::query("INSERT INTO thing (name) VALUES (?1)").bind(name).execute(&mut *write).await?;
    write.commit().await
}

async fn names(database: &Database) -> Vec<String> {
    let mut read = database.read().await.expect("a reader");
    sqlx::query_scalar("SELECT name FROM thing ORDER BY id").fetch_all(&mut *read).await.expect("read")
}

fn beside(file: &Path) -> Vec<String> {
    let entries = fs::read_dir(file.parent().expect("a folder")).expect("readable");
    let mut names: Vec<_> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_is_committed_is_there_again_and_what_is_not_is_gone() {
    let place = place();
    let first = opened(&place.file).await;
    assert_eq!(first.notes, Vec::<String>::new());
    add(&first.database, "kept").await.expect("written");
    let mut dropped = first.database.write().await.expect("a transaction");
    sqlx::query("INSERT INTO thing (name) VALUES ('lost')").execute(&mut *dropped).await.expect("written");
    drop(dropped);
    add(&first.database, "kept too").await.expect("written");
    drop(first);
    let second = opened(&place.file).await;
    assert_eq!(second.notes, Vec::<String>::new());
    assert_eq!(names(&second.database).await, ["kept", "kept too"]);
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_for_the_user_alone_and_out_of_version_control() {
    use std::os::unix::fs::PermissionsExt;
    let place = place();
    let opened = opened(&place.file).await;
    add(&opened.database, "one").await.expect("written");
    assert_eq!(beside(&place.file), [".gitignore", "state.db", "state.db-shm", "state.db-wal", "state.db.lock"]);
    for name in beside(&place.file).iter().filter(|name| name.starts_with("state")) {
        let mode = fs::metadata(place.file.with_file_name(name)).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

#[tokio::test]
async fn a_damaged_or_foreign_file_is_set_aside_and_told() {
    let garbage = |file: &Path| fs::write(file, "this is no database\n".repeat(900)).expect("written");
    let torn = |file: &Path| {
        let mut bytes = fs::read(file).expect("readable");
        bytes[..40].fill(0x7f);
        fs::write(file, bytes).expect("written");
    };
    let holed = |file: &Path| {
        let mut bytes = fs::read(file).expect("readable");
        bytes[4096 * 2..].fill(0xa5);
        fs::write(file, bytes).expect("written");
    };
    for (name, damage) in [("garbage", garbage as fn(&Path)), ("torn", torn), ("holed", holed)] {
        let place = place();
        let first = opened(&place.file).await;
        for number in 0..200 {
            add(&first.database, &format!("thing {number}")).await.expect("written");
        }
        first.database.close().await;
        drop(first);
        damage(&place.file);
        let second = opened(&place.file).await;
        let [note] = &second.notes[..] else { panic!("{name}: {:?}", second.notes) };
        assert!(note.contains("state.db.damaged-20261122T170000Z"), "{name}: {note}");
        assert!(beside(&place.file).contains(&"state.db.damaged-20261122T170000Z".to_owned()), "{name}");
        assert_eq!(names(&second.database).await, Vec::<String>::new(), "{name}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_is_set_aside_and_a_second_one_gets_a_name_of_its_own() {
    let place = place();
    for round in 1..=2 {
        fs::create_dir_all(place.file.parent().unwrap()).unwrap();
        let foreign = sqlx::sqlite::SqliteConnectOptions::new().filename(&place.file).create_if_missing(true);
        let mut foreign = sqlx::ConnectOptions::connect(&foreign).await.expect("opens");
        sqlx::raw_sql("CREATE TABLE theirs (x)").execute(&mut foreign).await.expect("made");
        sqlx::Connection::close(foreign).await.expect("closed");
        let opened = opened(&place.file).await;
        assert!(opened.notes[0].contains("another program"), "{:?}", opened.notes);
        opened.database.close().await;
        drop(opened);
        fs::remove_file(&place.file).expect("removed");
        let names = beside(&place.file);
        let aside = names.iter().filter(|name| name.contains("damaged") && name.ends_with(['Z', '2']));
        assert_eq!(aside.count(), round);
    }
}

#[tokio::test]
async fn a_damaged_file_is_left_alone_while_another_uses_it() {
    let place = place();
    let user = opened(&place.file).await;
    add(&user.database, "one").await.expect("written");
    let mut bytes = fs::read(&place.file).expect("readable");
    bytes.extend([0; 4096]);
    bytes[..16].fill(0);
    fs::write(&place.file, bytes).expect("written");
    fs::write(place.file.with_file_name("state.db-wal"), "").expect("written");
    let error = Database::open(&place.file, &options()).await.expect_err("it is used");
    assert_eq!((error.kind, error.code), (Kind::Config, "state_locked"));
    assert!(!beside(&place.file).iter().any(|name| name.contains("damaged")));
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_stays() {
    let place = place();
    let first = opened(&place.file).await;
    let older = first.database.migrate(&THINGS[..1]).await.expect_err("the tables are newer");
    assert_eq!((older.kind, older.code), (Kind::Config, "state_newer"));
    assert_eq!(older.place.as_deref(), place.file.to_str());
    let mut write = first.database.write().await.expect("a transaction");
    sqlx::raw_sql("PRAGMA user_version = 7").execute(&mut *write).await.expect("marked");
    write.commit().await.expect("written");
    first.database.close().await;
    let error = Database::open(&place.file, &options()).await.expect_err("it is newer");
    assert_eq!(error.code, "state_newer");
    assert!(error.message.contains("is at version 7, this one knows 1"), "{}", error.message);
    assert_eq!(error.place.as_deref(), place.file.to_str());
    assert!(!beside(&place.file).iter().any(|name| name.contains("damaged")));
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_ended_and_told() {
    let place = place();
    let first = opened(&place.file).await;
    let mut write = first.database.write().await.expect("a transaction");
    for number in 0..20_000 {
        sqlx::query("INSERT INTO thing (name) VALUES (?1)").bind(number).execute(&mut *write).await.expect("written");
    }
    write.commit().await.expect("written");
    first.database.close().await;
    drop(first);
    let hasty = Options { check_time: Duration::ZERO, ..options() };
    let opened = Database::open(&place.file, &hasty).await.expect("it opens");
    assert!(opened.notes[0].contains("the check at the start was ended"), "{:?}", opened.notes);
    assert_eq!(names(&opened.database).await.len(), 20_000);
}

#[cfg(unix)]
#[tokio::test]
async fn what_may_not_be_opened_is_no_damage() {
    let place = place();
    fs::create_dir_all(&place.file).expect("a folder where the file should be");
    let error = Database::open(&place.file, &options()).await.expect_err("a folder is no file");
    assert_eq!((error.kind, error.code), (Kind::Config, "state_unusable"));
    let file = place.file.join("below/state.db");
    fs::write(place.file.join("below"), "a file where the folder should be").expect("written");
    let error = Database::open(&file, &options()).await.expect_err("there is no such folder");
    assert_eq!((error.kind, error.place.as_deref()), (Kind::Config, file.to_str()));
}

#[tokio::test]
async fn after_a_full_disk_the_writer_goes_on() {
    let place = place();
    let opened = opened(&place.file).await;
    let limit = async |pages: u32| {
        let mut writer = opened.database.write().await.expect("a transaction");
        let limit = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(limit)).execute(&mut *writer).await.expect("limited");
        writer.commit().await.expect("nothing to write");
    };
    limit(8).await;
    let mut full = None;
    for _ in 0..100 {
        if let Err(error) = add(&opened.database, &"x".repeat(2_000)).await {
            full = Some(error);
            break;
        }
    }
    let full = full.expect("it is full");
    assert_eq!((full.kind, full.code), (Kind::Config, "state_full"));
    let before = names(&opened.database).await.len();
    limit(100_000).await;
    add(&opened.database, "after").await.expect("there is room again");
    assert_eq!(names(&opened.database).await.len(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_write_at_once_from_two_openings_and_none_is_lost() {
    let place = place();
    let opens = (0..4).map(|_| {
        let file = place.file.clone();
        tokio::spawn(async move { Database::open(&file, &options()).await.expect("it opens").database })
    });
    let databases: Vec<_> =
        futures_util::future::join_all(opens).await.into_iter().map(|opened| opened.expect("no panic")).collect();
    let writes = (0..80).map(|number| {
        let database = databases[number % 4].clone();
        tokio::spawn(async move {
            database.migrate(THINGS).await.expect("migrated");
            add(&database, &number.to_string()).await.expect("written");
            names(&database).await.len()
        })
    });
    let seen = futures_util::future::join_all(writes).await;
    assert!(seen.into_iter().all(|seen| seen.expect("no panic") > 0));
    assert_eq!(names(&databases[0]).await.len(), 80);
}

#[tokio::test]
async fn readers_see_what_is_committed_and_change_nothing() {
    let place = place();
    let database = opened(&place.file).await.database;
    add(&database, "first").await.expect("written");
    let mut write = database.write().await.expect("a transaction");
    sqlx::query("INSERT INTO thing (name) VALUES ('second')").execute(&mut *write).await.expect("written");
    assert_eq!(names(&database).await, ["first"]);
    write.commit().await.expect("written");
    assert_eq!(names(&database).await, ["first", "second"]);
    let mut read = database.read().await.expect("a reader");
    let refused = sqlx::query("DELETE FROM thing").execute(&mut *read).await.expect_err("it only reads");
    assert_eq!(Error::from(refused).code, "state_forbidden");
}

#[tokio::test]
async fn a_database_of_the_memory_is_its_own() {
    let one = Database::in_memory(&clock()).await.expect("begun");
    let other = Database::in_memory(&clock()).await.expect("begun");
    for database in [&one, &other] {
        database.migrate(THINGS).await.expect("migrated");
    }
    add(&one, "first").await.expect("written");
    assert_eq!(names(&one).await, ["first"]);
    assert_eq!(names(&other).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_write_that_is_dropped_while_it_begins_leaves_no_transaction() {
    let database = Database::in_memory(&clock()).await.expect("begun");
    database.migrate(THINGS).await.expect("migrated");
    for _ in 0..50 {
        let mut begin = Box::pin(database.write());
        tokio::select! {
            biased;
            _ = &mut begin => {}
            () = std::future::ready(()) => {}
        }
        drop(begin);
        add(&database, "one").await.expect("written");
    }
    assert_eq!(names(&database).await.len(), 50);
}
