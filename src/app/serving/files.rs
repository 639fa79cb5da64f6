//! The files of a workspace that a server looks after: told by the system when they change, and looked at now and then all
//! the same, as not every file system tells.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

use crate::clock::Clock;

/// A file that has been the same for so long is not being written any more.
const STANDS_STILL: Duration = Duration::from_millis(300);
/// Files are looked at no more often than this where nothing tells that they have changed.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(25);
/// A link that leads on to so many others leads nowhere.
const MOST_LINKS: usize = 40;

/// What tells one state of files from another without reading them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look(Vec<Option<Facts>>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    length: u64,
    modified: Option<std::time::SystemTime>,
    /// A file that takes another's place may be as long and as old.
    number: u64,
}

impl Look {
    pub fn at(files: &[PathBuf]) -> Self {
        Self(files.iter().map(|file| std::fs::metadata(file).ok().map(|facts| Facts::of(&facts))).collect())
    }

    /// Whether the first of the files is there and has something in it: one that is empty is about to be written.
    fn is_whole(&self) -> bool {
        matches!(self.0.first(), Some(Some(facts)) if facts.length > 0)
    }
}

impl Facts {
    fn of(facts: &std::fs::Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(facts);
        #[cfg(not(unix))]
        let number = 0;
        Self { length: facts.len(), modified: facts.modified().ok(), number }
    }
}

/// Says when it is time for a look. Cheap to clone.
#[derive(Clone)]
pub(super) struct Pulse(Arc<Beat>);

struct Beat {
    clock: Clock,
    news: Notify,
    last: Mutex<Option<Duration>>,
}

impl Pulse {
    /// One that has not beaten yet.
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new(Beat { clock, news: Notify::new(), last: Mutex::default() }))
    }

    /// Something awoke the process in any case: this costs no waking of its own.
    pub fn beat(&self) {
        let now = self.0.clock.monotonic();
        let mut last = self.0.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|last| now.saturating_sub(last) >= LOOKED_AT_EVERY) {
            *last = Some(now);
            self.0.news.notify_one();
        }
    }
}

/// Looks after files.
pub(super) struct Files {
    paths: Vec<PathBuf>,
    last: Look,
    pulse: Pulse,
    watcher: Option<RecommendedWatcher>,
    /// What it watches.
    folders: BTreeSet<PathBuf>,
    /// The files and the links that lead to them, as the watcher knows them.
    ways: Arc<Mutex<BTreeSet<PathBuf>>>,
    /// Whether it was said that nothing tells of changes.
    is_told: bool,
    begin: Begin,
}

/// What is told of changes.
type Handler = Box<dyn FnMut(notify::Result<Event>) + Send>;

/// Has folders watched.
type Begin = fn(Handler, &BTreeSet<PathBuf>) -> notify::Result<RecommendedWatcher>;

/// The system watches, as far as it can.
fn by_system(handler: Handler, folders: &BTreeSet<PathBuf>) -> notify::Result<RecommendedWatcher> {
    let mut watcher = notify::recommended_watcher(handler)?;
    for folder in folders {
        watcher.watch(folder, RecursiveMode::NonRecursive)?;
    }
    Ok(watcher)
}

impl Files {
    /// Looks after files from now on, the workspace's own the first of them.
    pub fn new(files: Vec<PathBuf>, pulse: Pulse) -> Self {
        Self::watched(files, pulse, by_system)
    }

    fn watched(files: Vec<PathBuf>, pulse: Pulse, begin: Begin) -> Self {
        let last = Look::at(&files);
        let ways = Arc::default();
        let folders = BTreeSet::new();
        let mut this = Self { paths: files, last, pulse, watcher: None, folders, ways, is_told: false, begin };
        this.watch();
        this
    }

    /// What is read from now on is as the files are now.
    pub fn look(&mut self) {
        self.last = Look::at(&self.paths);
    }

    /// Looks after these files from now on.
    pub fn follow(&mut self, files: Vec<PathBuf>) {
        // Those that are known already may have changed since they were read.
        let before: BTreeMap<&PathBuf, &Option<Facts>> = self.paths.iter().zip(&self.last.0).collect();
        let looks = Look::at(&files).0.into_iter().zip(&files);
        let last = looks.map(|(now, file)| before.get(file).map_or(now, |known| (*known).clone())).collect();
        self.last = Look(last);
        self.paths = files;
        self.watch();
    }

    /// Waits until a file has changed since the last look, and all stand still: an editor may write one in pieces.
    pub async fn changed(&mut self) {
        loop {
            self.pulse.0.news.notified().await;
            let mut before = Look::at(&self.paths);
            if before == self.last {
                continue;
            }
            loop {
                self.pulse.0.clock.sleep(STANDS_STILL).await;
                let now = Look::at(&self.paths);
                if now == before {
                    break;
                }
                before = now;
            }
            // Links may lead elsewhere now, and folders may be new ones.
            self.folders.clear();
            self.watcher = None;
            self.watch();
            if Look::at(&self.paths) != before {
                // Between one watcher and the next.
                self.pulse.0.news.notify_one();
            }
            if before.is_whole() && before != self.last {
                self.last = before;
                return;
            }
        }
    }

    fn watch(&mut self) {
        let folder = self.paths.first().and_then(|file| file.parent()).unwrap_or(Path::new("/")).to_owned();
        let ways: BTreeSet<PathBuf> = self.paths.iter().flat_map(|file| ways_to(file, &folder)).collect();
        let folders = ways.iter().filter_map(|way| Some(way.parent()?.to_owned()));
        let folders: BTreeSet<PathBuf> = folders.filter(|folder| folder.is_dir()).collect();
        *self.ways.lock().unwrap_or_else(PoisonError::into_inner) = ways;
        if self.watcher.is_some() && folders == self.folders {
            return;
        }
        self.folders = folders;
        match self.watcher_of(&self.folders) {
            Ok(watcher) => self.watcher = Some(watcher),
            Err(error) => {
                self.watcher = None;
                if !std::mem::replace(&mut self.is_told, true) {
                    tracing::warn!(
                        target: "stackhand::serve",
                        "changes of the workspace's file are found within a minute, or at SIGHUP: the system does \
                         not tell of them: {error}"
                    );
                }
            }
        }
    }

    fn watcher_of(&self, folders: &BTreeSet<PathBuf>) -> notify::Result<RecommendedWatcher> {
        let (pulse, ways, own) = (self.pulse.clone(), self.ways.clone(), folders.clone());
        let handler = move |event: notify::Result<Event>| {
            let is_news = event.map_or(true, |event| {
                let ways = ways.lock().unwrap_or_else(PoisonError::into_inner);
                let is_ours = |path: &PathBuf| ways.contains(path) || own.contains(path);
                is_change(&event) && (event.paths.is_empty() || event.paths.iter().any(is_ours))
            });
            if is_news {
                pulse.0.news.notify_one();
            }
        };
        (self.begin)(Box::new(handler), folders)
    }
}

/// Whether something is another way than before; that a file was opened or read is no change.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

/// A file, the links that lead to it, and where they end: whatever of them changes, the file may have. Links above the
/// workspace's folder are no matter of it.
fn ways_to(file: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut ways = Vec::new();
    let mut file = file.to_owned();
    for _ in 0..MOST_LINKS {
        ways.push(file.clone());
        let around = file.ancestors().skip(1).take_while(|around| *around != folder && around.starts_with(folder));
        ways.extend(around.filter(|around| around.is_symlink()).map(Path::to_owned));
        let Ok(target) = std::fs::read_link(&file) else { break };
        file = file.parent().map_or_else(|| target.clone(), |parent| parent.join(&target));
    }
    ways.extend(std::fs::canonicalize(&file));
    ways
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::symlink;

    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn where_the_system_tells_of_no_change_it_is_found_when_the_process_awakes() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("stackhand.toml");
        let write = |text: &str| std::fs::write(&path, text).expect("written");
        write("one");
        let clock = Clock::starting_at("2026-11-22T12:00:00Z".parse().expect("a time"));
        let pulse = Pulse::new(clock.clone());
        let nothing: Begin = |_, _| Err(notify::Error::generic("nothing can be watched here"));
        let mut files = Files::watched(vec![path.clone()], pulse.clone(), nothing);
        pulse.beat();
        assert!(files.changed().now_or_never().is_none(), "nothing has changed");
        write("another");
        assert!(files.changed().now_or_never().is_none(), "nobody awoke");
        pulse.beat();
        assert!(files.changed().now_or_never().is_none(), "it was looked at a moment ago");
        clock.sleep(LOOKED_AT_EVERY).await;
        pulse.beat();
        files.changed().await;
        // Nor is a file of a reload that names more of them.
        let other = folder.path().join("closed.ics");
        std::fs::write(&other, "1").expect("written");
        files.follow(vec![path.clone(), other.clone()]);
        std::fs::write(&other, "12").expect("written");
        clock.sleep(LOOKED_AT_EVERY).await;
        pulse.beat();
        files.changed().await;
        assert!(files.watcher.is_none() && files.is_told);
    }

    #[test]
    fn a_look_tells_one_state_from_another_though_length_and_time_are_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, other) = (folder.path().join("a"), folder.path().join("b"));
        std::fs::write(&file, "one").expect("written");
        std::fs::write(&other, "two").expect("written");
        let time = std::fs::metadata(&file).and_then(|facts| facts.modified()).expect("a time");
        std::fs::File::options().append(true).open(&other).and_then(|file| file.set_modified(time)).expect("set");
        let before = Look::at(std::slice::from_ref(&file));
        assert!(before.is_whole());
        assert_eq!(before, Look::at(std::slice::from_ref(&file)));
        std::fs::rename(&other, &file).expect("renamed");
        assert_ne!(before, Look::at(std::slice::from_ref(&file)));
        std::fs::write(&file, "").expect("written");
        assert!(!Look::at(std::slice::from_ref(&file)).is_whole());
        assert!(!Look::at(&[folder.path().join("none")]).is_whole());
    }

    #[test]
    fn all_links_to_a_file_are_looked_after() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path().canonicalize().expect("a folder");
        let at = |name: &str| folder.join(name);
        std::fs::create_dir_all(at("work/..2026")).expect("a folder");
        std::fs::write(at("work/..2026/stackhand.toml"), "1").expect("written");
        symlink("..2026", at("work/..data")).expect("a link");
        symlink("..data/stackhand.toml", at("work/stackhand.toml")).expect("a link");
        let ways: BTreeSet<PathBuf> = ways_to(&at("work/stackhand.toml"), &at("work")).into_iter().collect();
        let wanted = ["stackhand.toml", "..data", "..data/stackhand.toml", "..2026/stackhand.toml"];
        assert_eq!(ways, wanted.iter().map(|name| at("work").join(name)).collect());
        symlink("loop", at("loop")).expect("a link");
        assert_eq!(ways_to(&at("loop"), &folder).len(), MOST_LINKS);
    }
}
