//! Where scans are read, and where what was read is kept, from the flags.

use certonboard::cli::{CacheArgs, QueueAccess, ReadingArgs};
use certonboard::error::Fault;
use certonboard::journal::Readings;
use certonboard::ports::{Interrupt, Progress, ReadingStore};
use certonboard::queue::{Coordinator, QueueOptions};
use std::path::PathBuf;
use std::sync::Arc;

/// What earlier runs on this machine have read. `None`: not wanted, or there is no place for it.
pub fn kept(args: &CacheArgs) -> Option<Box<dyn ReadingStore>> {
    if args.no_cache {
        return None;
    }
    let folder = args.cache_dir.clone().or_else(|| Some(user_folder(Kind::Cache)?.join("readings")))?;
    Some(Box::new(Readings::open(&folder)?))
}

/// What a folder of the user's is for.
#[derive(Clone, Copy)]
pub enum Kind {
    /// What can be made again.
    Cache,
    /// What one process leaves for the next.
    State,
}

/// This program's folder among those of the user, as each system has them: <https://specifications.freedesktop.org/basedir-spec/latest/> on Linux.
pub fn user_folder(kind: Kind) -> Option<PathBuf> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let (xdg, below_home) = match kind {
        Kind::Cache => ("XDG_CACHE_HOME", if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" }),
        Kind::State => ("XDG_STATE_HOME", if cfg!(target_os = "macos") { "Library/Application Support" } else { ".local/state" }),
    };
    let folder = match cfg!(windows) {
        true => variable("LOCALAPPDATA")?,
        false => variable(xdg).or_else(|| Some(std::env::home_dir()?.join(below_home)))?,
    };
    Some(folder.join("certonboard"))
}

pub fn options(url: &str, access: &QueueAccess) -> QueueOptions {
    QueueOptions {
        url: url.to_owned(),
        credentials: access.queue_credentials.clone(),
        nkey: access.queue_nkey.clone(),
        ca: access.queue_ca.clone(),
        client_certificate: access.queue_certificate.clone().zip(access.queue_key.clone()),
    }
}

/// The queue whose workers read, where one was named.
pub async fn queue(args: &ReadingArgs, interrupt: &Interrupt, progress: &Arc<dyn Progress>) -> Result<Option<Coordinator>, Fault> {
    let Some(url) = args.queue.as_deref().filter(|url| !url.is_empty()) else { return Ok(None) };
    let progress = Arc::clone(progress);
    let tell = Arc::new(move |text: &str| progress.remark(text));
    Ok(Some(Coordinator::open(&options(url, &args.access), args.retry_set_aside, interrupt.clone(), tell).await?))
}
