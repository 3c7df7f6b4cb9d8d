//! The run's folder: private to the user, locked while a process works in it, found again by name.

use fs4::FileExt;
use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Where run folders go when nobody says otherwise: beside the merchant's files, where a consultant looks for them.
pub const DEFAULT_PARENT: &str = "certonboard-runs";
pub(super) const JOURNAL_FILE: &str = "journal.sqlite";
const LOCK_FILE: &str = "run.lock";

#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    #[error("{path}: the run's folder can't be used: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{path}: there is a run in this folder already; go on with it by `certonboard resume {path}` or give another --run-dir")]
    HasRun { path: PathBuf },
    #[error("{path}: this folder holds other files; a run needs a folder of its own, so give another --run-dir")]
    NotEmpty { path: PathBuf },
    #[error("{path}: another certonboard is working on this run; wait for it, or stop it, and try again")]
    Locked { path: PathBuf },
    #[error("no run `{wanted}` was found{}", known_runs(.wanted, .known))]
    NotFound { wanted: String, known: Vec<String> },
}

/// At most this many runs are named in an error.
const NAMED: usize = 5;

fn known_runs(wanted: &str, known: &[String]) -> String {
    // Names of runs are times, so nearly all are alike; a slip changes a letter or two.
    let slips = |name: &String| strsim::damerau_levenshtein(wanted, name);
    let near = known.iter().min_by_key(|name| slips(name)).filter(|name| slips(name) <= 2);
    match (near, known) {
        (_, []) => format!("; there are no runs in {DEFAULT_PARENT}/ here"),
        (Some(near), _) => format!("; did you mean `{near}`?"),
        (None, _) if known.len() <= NAMED => format!("; the runs here are: {}", known.join(", ")),
        (None, _) => format!("; the newest of the {} runs here are: {}", known.len(), known[..NAMED].join(", ")),
    }
}

/// A run's folder, locked as long as this lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
    created: bool,
}

impl RunFolder {
    /// Makes a new folder at `path`; refuses one that holds a run.
    pub fn create(path: &Path) -> Result<Self, RunFolderError> {
        if path.join(JOURNAL_FILE).exists() {
            return Err(RunFolderError::HasRun { path: path.to_owned() });
        }
        let io = |source| RunFolderError::Io { path: path.to_owned(), source };
        // Made here, or empty: then everything in it is ours, and its rights may be narrowed.
        let created = !path.exists();
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let there = whole.ancestors().find(|folder| folder.exists()).map(Path::to_owned);
        if !created && std::fs::read_dir(path).map_err(io)?.next().is_some() {
            return Err(RunFolderError::NotEmpty { path: path.to_owned() });
        }
        std::fs::create_dir_all(path).map_err(io)?;
        make_private(path).map_err(io)?;
        on_disk(&whole, there.as_deref());
        Self::lock(path, true)
    }

    /// Opens the folder of an earlier run.
    pub fn open(path: &Path) -> Result<Self, RunFolderError> {
        if !path.join(JOURNAL_FILE).is_file() {
            return Err(RunFolderError::NotFound { wanted: path.display().to_string(), known: vec![] });
        }
        Self::lock(path, false)
    }

    fn lock(path: &Path, created: bool) -> Result<Self, RunFolderError> {
        let io = |source| RunFolderError::Io { path: path.to_owned(), source };
        let lock = private_file(&path.join(LOCK_FILE)).map_err(io)?;
        match FileExt::try_lock(&lock) {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock, created }),
            Err(fs4::TryLockError::WouldBlock) => Err(RunFolderError::Locked { path: path.to_owned() }),
            Err(fs4::TryLockError::Error(source)) => Err(io(source)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Takes away a folder that this process made and in which nothing was begun.
    pub fn discard(self) {
        if self.created {
            // A folder that can't be removed does no harm.
            let _ = std::fs::remove_dir_all(&self.path);
            if let Some(parent) = self.path.parent().filter(|p| p.ends_with(DEFAULT_PARENT)) {
                let _ = std::fs::remove_dir(parent);
            }
        }
    }
}

/// Finds a run by its folder's path or by its name below `certonboard-runs/`.
pub fn find_run(wanted: &str) -> Result<PathBuf, RunFolderError> {
    let candidates = [PathBuf::from(wanted), Path::new(DEFAULT_PARENT).join(wanted)];
    if let Some(found) = candidates.iter().find(|p| p.join(JOURNAL_FILE).is_file()) {
        return Ok(found.clone());
    }
    Err(RunFolderError::NotFound { wanted: wanted.to_owned(), known: list_runs(Path::new(DEFAULT_PARENT)) })
}

/// The names of the runs below a folder, newest first (their names begin with the time).
pub fn list_runs(parent: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut names: Vec<String> =
        entries.filter(|e| e.path().join(JOURNAL_FILE).is_file()).filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort_by(|a, b| b.cmp(a));
    names
}

/// Brings the entries of the folder and of everything that was made above it to the disk: a power loss must not take a journal that was synced
/// with its folder. `there`: the deepest folder that was there before.
fn on_disk(path: &Path, there: Option<&Path>) {
    for folder in path.ancestors() {
        // Not every system syncs folders; those that don't need it say so.
        let _ = std::fs::File::open(folder).and_then(|f| f.sync_all());
        if there.is_none_or(|there| folder == there) {
            break;
        }
    }
}

/// A folder for the user alone, made where it is not there; one that is there stays as it is.
pub fn private_folder(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path)?;
    make_private(path)
}

/// 0700 for a folder.
fn make_private(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Opens or makes a file that only the user may read (0600).
pub(super) fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}

/// Writes a file that only the user may read, whole or not at all: a temporary file beside it, synced, then renamed.
pub fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, ".part", bytes, true)
}

/// The same for what may be lost with the power, by several processes at a time.
pub(super) fn write_quickly(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, &format!(".{}.part", std::process::id()), bytes, false)
}

fn write(path: &Path, part: &str, bytes: &[u8], sync: bool) -> io::Result<()> {
    use std::io::Write;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(part);
    let part = path.with_file_name(name);
    let mut file = private_file(&part)?;
    file.set_len(0)?;
    file.write_all(bytes)?;
    if sync {
        file.sync_all()?;
    }
    std::fs::rename(&part, path)
}
