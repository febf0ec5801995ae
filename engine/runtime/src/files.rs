//! The files of the process: the main one, and one for each further organization in the folder
//! beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use futures_util::future::select_all;
use reins_config::{FILE_MAX, FOLDER};
use reins_files::{Contents, FileError, WatchedFile, WatchedFolder};
use reins_governor::Clock;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::file_state::{FileState, State};
use crate::{RuntimeError, Start};

/// The most files of further organizations. Each has a thread that looks at it ten times a second
/// and a descriptor for what the kernel reports of it: this many take a twentieth of a core.
pub(crate) const FURTHER_MAX: usize = 256;

/// How the names of such files end.
const ENDING: &str = ".toml";

/// How long a start waits for its files before it logs that.
const SILENT: Duration = Duration::from_millis(500);

/// All of them.
pub(crate) struct Files {
    /// The main file.
    pub main: ConfigFile,
    /// By their names in the folder.
    pub further: BTreeMap<OsString, ConfigFile>,
    folder: WatchedFolder,
    place: PathBuf,
    opening: JoinSet<(OsString, Result<WatchedFile, FileError>)>,
    clock: Arc<dyn Clock>,
    /// What the pages show of them.
    pub states: FileStates,
    /// Notified to check all files again although they did not change.
    pub check_again: Arc<Notify>,
}

/// One file.
pub(crate) struct ConfigFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its state.
    pub state: Arc<FileState>,
    watched: Option<WatchedFile>,
    /// The contents that were checked last.
    checked: Option<Contents>,
    /// Whether the log says last that it cannot be read.
    unreadable: bool,
}

/// What the pages show of them.
#[derive(Clone, Debug)]
pub struct FileStates {
    /// That of the main file.
    pub main: Arc<FileState>,
    further: Arc<ArcSwap<Vec<Arc<FileState>>>>,
    folder: WatchedFolder,
}

// === impl Files ===

impl Files {
    /// Opens the main file, and begins to open the others. All are watched from then on.
    pub(crate) async fn open(start: &Start) -> Result<Self, RuntimeError> {
        let now = SystemTime::from(start.clock.now());
        let opening = WatchedFile::open(&start.config, FILE_MAX, now);
        let opened = patiently(&start.config.display().to_string(), opening).await;
        let unreadable = |source| RuntimeError::Unreadable { path: start.config.clone(), source };
        let watched = opened.map_err(unreadable)?;
        let place = start.config.with_file_name(FOLDER);
        let folder = WatchedFolder::open(&place, ENDING).await;
        let folder =
            folder.map_err(|source| RuntimeError::Unreadable { path: place.clone(), source })?;
        let name = start.config.file_name().unwrap_or_default().to_string_lossy();
        let mut main = ConfigFile::of(start.config.clone(), name.into_owned());
        main.opened(Ok(watched));
        let states = FileStates {
            main: Arc::clone(&main.state),
            further: Arc::default(),
            folder: folder.clone(),
        };
        let mut files = Self {
            main,
            further: BTreeMap::new(),
            folder,
            place,
            opening: JoinSet::new(),
            clock: Arc::clone(&start.clock),
            states,
            check_again: Arc::new(Notify::new()),
        };
        files.follow_folder();
        Ok(files)
    }

    /// Waits until each file is open, or cannot be opened.
    pub(crate) async fn all_opened(&mut self) {
        let place = self.place.display().to_string();
        let opened = async {
            while let Some(Ok((name, opened))) = self.opening.join_next().await {
                if let Some(file) = self.further.get_mut(&name) {
                    file.opened(opened);
                }
            }
        };
        patiently(&place, opened).await;
    }

    /// Begins to open files that are new in the folder; answers those that are gone.
    pub(crate) fn follow_folder(&mut self) -> Vec<ConfigFile> {
        let names: BTreeSet<OsString> = self.folder.names().iter().cloned().collect();
        let gone = self.further.extract_if(.., |name, _| !names.contains(name));
        let gone = gone.map(|(_, file)| file).collect();
        for name in names {
            if self.further.len() < FURTHER_MAX && !self.further.contains_key(&name) {
                let shown = format!("{FOLDER}/{}", name.to_string_lossy());
                self.begin_to_open(&name);
                let file = ConfigFile::of(self.place.join(&name), shown);
                self.further.insert(name, file);
            }
        }
        let states = self.further.values().map(|file| Arc::clone(&file.state));
        self.states.further.store(Arc::new(states.collect()));
        gone
    }

    /// Tries again to open what could not be opened.
    pub(crate) fn open_again(&mut self) {
        let failed = |(name, file): (&OsString, &ConfigFile)| {
            (file.watched.is_none() && !file.is_opening()).then(|| name.clone())
        };
        let failed: Vec<OsString> = self.further.iter().filter_map(failed).collect();
        if self.opening.is_empty() {
            failed.iter().for_each(|name| self.begin_to_open(name));
        }
    }

    fn begin_to_open(&mut self, name: &OsStr) {
        let (path, name) = (self.place.join(name), name.to_owned());
        let now = SystemTime::from(self.clock.now());
        self.opening.spawn(async move {
            let opened = WatchedFile::open(&path, FILE_MAX, now).await;
            (name, opened)
        });
    }

    /// Waits until there may be something new in a file or in the folder.
    pub(crate) async fn changed(&mut self) {
        let Self { main, further, folder, opening, .. } = self;
        let watched = std::iter::once(main).chain(further.values_mut());
        let watched = watched.filter_map(|file| file.watched.as_mut());
        let contents = select_all(watched.map(|file| Box::pin(file.changed())));
        let opened = tokio::select! {
            _ = contents => None,
            () = folder.changed() => None,
            Some(opened) = opening.join_next() => opened.ok(),
        };
        if let Some((name, opened)) = opened
            && let Some(file) = self.further.get_mut(&name)
        {
            file.opened(opened);
        }
    }

    /// Why there are files that are not read, if there are any.
    pub(crate) fn unlisted(&self) -> Option<String> {
        self.states.unlisted()
    }
}

// === impl ConfigFile ===

impl ConfigFile {
    fn of(path: PathBuf, name: String) -> Self {
        let state = Arc::new(FileState::of(name));
        Self { path, state, watched: None, checked: None, unreadable: false }
    }

    fn opened(&mut self, opened: Result<WatchedFile, FileError>) {
        self.watched = opened.as_ref().ok().cloned();
        self.state.opened(opened);
    }

    fn is_opening(&self) -> bool {
        self.watched.is_none() && self.state.state().0 == State::Changing
    }

    /// Whether its contents were checked, whatever came of that.
    pub(crate) const fn was_read(&self) -> bool {
        self.checked.is_some()
    }

    /// Its contents, where they are other ones than were checked last, or `all` are asked for.
    pub(crate) fn due(&mut self, all: bool) -> Option<Contents> {
        let contents = self.watched.as_ref()?.contents();
        let same = self.checked.as_ref().is_some_and(|checked| Arc::ptr_eq(checked, &contents));
        self.checked = Some(Arc::clone(&contents));
        (all || !same).then_some(contents)
    }

    /// Logs it once when the file becomes unreadable, and when it is readable again. Whether it
    /// cannot be read.
    pub(crate) fn log_readable(&mut self) -> bool {
        let (state, why) = self.state.state();
        let before = std::mem::replace(&mut self.unreadable, state == State::Unreadable);
        if before != self.unreadable {
            self.state.log_readable(before, why.as_deref());
        }
        self.unreadable
    }
}

// === impl FileStates ===

impl FileStates {
    /// The main file, then the others in alphabetic order.
    pub fn all(&self) -> Vec<Arc<FileState>> {
        let further = self.further.load();
        std::iter::once(&self.main).chain(further.iter()).map(Arc::clone).collect()
    }

    /// Why there are files in the folder that are not read, if there are any.
    pub fn unlisted(&self) -> Option<String> {
        if let Some(error) = self.folder.error() {
            return Some(error.to_string());
        }
        let number = self.folder.names().len();
        (number > FURTHER_MAX).then(|| {
            format!("it has {number} files, and {FURTHER_MAX} of them are read: remove the others")
        })
    }
}

/// Waits for files, and logs it where that takes a while.
async fn patiently<T>(path: &str, opening: impl Future<Output = T>) -> T {
    let mut opening = pin!(opening);
    match timeout(SILENT, &mut opening).await {
        Ok(opened) => opened,
        Err(_) => {
            tracing::info!(path, "waiting for a file that was just written or does not answer");
            opening.await
        }
    }
}
