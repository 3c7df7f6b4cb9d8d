//! What was read, kept on this machine for later runs: one file for each reading, under its key.
//!
//! Owns: these files, their age. Must not touch: what they say. Called by: `main`, through the `ReadingStore` port.

use super::folder::{private_folder, write_quickly};
use crate::domain::ReadingKey;
use crate::ports::{FilePapers, ReadingStore};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What nobody asked for so long is removed: it holds names and numbers from certificates.
const KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// Larger files are none of ours.
const MOST_BYTES: u64 = 64 << 20;

/// A folder of readings, private to the user.
#[derive(Debug)]
pub struct Readings {
    folder: PathBuf,
}

impl Readings {
    /// Opens the folder, made where it is not there, and removes what is too old. `None`: it can't be used, and everything is read anew.
    pub fn open(folder: &Path) -> Option<Self> {
        private_folder(folder).ok()?;
        let now = SystemTime::now();
        for entry in std::fs::read_dir(folder).ok()?.flatten() {
            let used = entry.metadata().and_then(|m| m.modified());
            let old = used.is_ok_and(|used| now.duration_since(used).is_ok_and(|age| age > KEPT));
            if old && key_of(&entry.path()).is_some() {
                // Another process may have been quicker.
                let _ = std::fs::remove_file(entry.path());
            }
        }
        Some(Self { folder: folder.to_owned() })
    }

    fn path(&self, key: &ReadingKey) -> PathBuf {
        self.folder.join(format!("{}.json", key.as_str()))
    }
}

/// The key of a file of ours, or of what is left of one that was being written (`KEY.json.PID.part`).
fn key_of(path: &Path) -> Option<ReadingKey> {
    let (stem, rest) = path.file_name()?.to_str()?.split_once(".json")?;
    ReadingKey::try_from(stem.to_owned()).ok().filter(|_| rest.is_empty() || rest.ends_with(".part"))
}

impl ReadingStore for Readings {
    fn get(&self, key: &ReadingKey) -> Option<FilePapers> {
        let path = self.path(key);
        if std::fs::metadata(&path).ok()?.len() > MOST_BYTES {
            return None;
        }
        // One that was cut off or spoilt is read anew.
        let papers: FilePapers = serde_json::from_slice(&std::fs::read(&path).ok()?).ok()?;
        // Its age counts from its last use; that it can't be set makes it older and nothing worse.
        let _ = std::fs::File::options().append(true).open(&path).and_then(|file| file.set_modified(SystemTime::now()));
        Some(papers)
    }

    fn put(&self, key: &ReadingKey, papers: &FilePapers) {
        // A full disk makes the next run read again, and this one go on.
        if let Ok(bytes) = serde_json::to_vec(papers) {
            let _ = write_quickly(&self.path(key), &bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Hints, ReaderVersion, Sha256};

    fn key(of: &str) -> ReadingKey {
        ReadingKey::new(&ReaderVersion::of("made up"), &Sha256::of(of.as_bytes()), &Hints::default(), None)
    }

    #[test]
    fn what_was_put_comes_back_and_what_is_spoilt_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let readings = Readings::open(&folder.path().join("readings")).unwrap();
        let papers = FilePapers { pages: 2, papers: Ok(vec![]), bad_pages: vec![], once: false, set_aside: false };
        assert_eq!(readings.get(&key("a")), None);
        readings.put(&key("a"), &papers);
        assert_eq!(readings.get(&key("a")), Some(papers));
        assert_eq!(readings.get(&key("b")), None);
        std::fs::write(readings.path(&key("a")), "{\"pages\": 2, \"pap").unwrap();
        assert_eq!(readings.get(&key("a")), None);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            readings.put(&key("c"), &FilePapers::unreadable("x"));
            assert_eq!((mode(&readings.folder), mode(&readings.path(&key("c")))), (0o700, 0o600));
        }
    }

    #[test]
    fn only_what_is_old_and_ours_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let readings = Readings::open(folder.path()).unwrap();
        readings.put(&key("old"), &FilePapers::unreadable("x"));
        readings.put(&key("new"), &FilePapers::unreadable("x"));
        let foreign = folder.path().join("notes.json");
        let torn = folder.path().join(format!("{}.json.4711.part", key("torn").as_str()));
        std::fs::write(&foreign, "{}").unwrap();
        std::fs::write(&torn, "{").unwrap();
        let long_ago = SystemTime::now() - KEPT - Duration::from_secs(60);
        for path in [readings.path(&key("old")), foreign.clone(), torn.clone()] {
            std::fs::File::options().append(true).open(path).unwrap().set_modified(long_ago).unwrap();
        }
        let again = Readings::open(folder.path()).unwrap();
        assert!(again.get(&key("old")).is_none() && again.get(&key("new")).is_some() && foreign.exists() && !torn.exists());
    }
}
