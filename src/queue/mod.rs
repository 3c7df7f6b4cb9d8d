//! Reading spread over machines: files go out and papers come back by NATS JetStream.
//!
//! Owns: names on the queue, the connection, what is put on it and taken from it. Must not touch: how a file is read, decisions, names of files
//! (they never leave the coordinator).
//! Called by: `main`, through the `ReadingQueue` port, and by `certonboard worker`.
//!
//! On the queue are: a work-queue stream of jobs, one subject for each, under the id of the reader's version, so that only a reader of that version
//! takes them; a bucket with the bytes of the scans on their way; a bucket with what was read. All go by the [`ReadingKey`].

mod coordinator;
mod worker;

pub use coordinator::Coordinator;
pub use worker::{Worked, WorkerOptions, work};

use crate::domain::{ReaderVersion, ReadingKey};
use crate::ports::{FilePapers, QueueError};
use async_nats::jetstream::object_store::{InfoErrorKind, ObjectInfo, ObjectStore};
use async_nats::jetstream::stream::{Config, RetentionPolicy, Stream};
use async_nats::jetstream::{self, Context, object_store};
use async_nats::{Client, ConnectErrorKind, ConnectOptions, Event, ServerAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;

/// The stream of jobs.
const JOBS: &str = "certonboard-jobs";
/// The bucket with the bytes of scans.
const SCANS: &str = "certonboard-scans";
/// The bucket with what was read.
const PAPERS: &str = "certonboard-papers";
/// What was read stays on the queue this long, for later runs.
const PAPERS_KEPT: Duration = Duration::from_secs(30 * 24 * 3600);
/// A job that nobody took, and its scan, are forgotten after this.
const JOBS_KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Within this time the server itself drops a job that is handed out again, for example by a resumed run.
const SAME_JOB: Duration = Duration::from_secs(3600);
/// Papers of one file, unpacked; more is no answer of a worker.
const MOST_PAPERS: u64 = 64 << 20;

/// Where the queue is, and how to be let in. Never holds a secret in clear: those stand in files, or in the address, which is not printed.
#[derive(Clone, Default)]
pub struct QueueOptions {
    /// `nats://host:4222`, `tls://host:4222`; several with commas between.
    pub url: String,
    /// A file of credentials (JWT and seed), as `nsc` makes it.
    pub credentials: Option<PathBuf>,
    /// A file with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// A file with the certificate authority of the server, beside those of the system.
    pub ca: Option<PathBuf>,
    /// Certificate and key of this client.
    pub client_certificate: Option<(PathBuf, PathBuf)>,
}

/// What somebody watching is told: that the queue is gone, that it is back.
pub type Tell = Arc<dyn Fn(&str) + Send + Sync>;

/// A connection and what is on the queue.
#[derive(Clone)]
struct Queue {
    /// The address as it may be shown.
    shown: String,
    context: Context,
    jobs: Stream,
    scans: ObjectStore,
    papers: ObjectStore,
}

/// Why no connection came about.
struct Unconnected {
    /// Waiting may mend it.
    passing: bool,
    error: QueueError,
}

/// The address without name and password, whatever those hold: nothing before the last `@`, and nothing behind the host.
pub fn shown(url: &str) -> String {
    let scheme = if url.trim_start().starts_with("tls://") { "tls://" } else { "nats://" };
    let hosts = url.rsplit('@').next().unwrap_or_default();
    let host = |part: &str| {
        let part = part.trim();
        let part = part.split_once("://").map_or(part, |(_, host)| host);
        format!("{scheme}{}", part.split(['/', '?', '#']).next().unwrap_or_default())
    };
    hosts.split(',').map(host).collect::<Vec<_>>().join(",")
}

fn text(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}

impl QueueOptions {
    fn refused(&self, what: impl std::fmt::Display) -> QueueError {
        QueueError(format!("the queue at {}: {what}", shown(&self.url)))
    }

    async fn client(&self, name: &str, tell: Tell) -> Result<Client, Unconnected> {
        let fatal = |error| Unconnected { passing: false, error };
        let file = |path: &PathBuf, what: &str, error: std::io::Error| {
            fatal(QueueError(format!("{}: the {what} can't be read: {error}", path.display())))
        };
        let mut servers = vec![];
        for url in self.url.split(',').map(str::trim) {
            let parsed = url.parse::<ServerAddr>().ok().filter(|a| matches!(a.scheme(), "nats" | "tls"));
            let wrong = || fatal(self.refused("this is no address of a NATS server; write it as nats://host:4222 or tls://host:4222"));
            servers.push(parsed.ok_or_else(wrong)?);
        }
        let at = shown(&self.url);
        let mut options = ConnectOptions::new().name(name).connection_timeout(Duration::from_secs(10)).event_callback(move |event| {
            match event {
                Event::Disconnected => tell(&format!("the queue at {at} is gone; waiting for it")),
                Event::Connected => tell(&format!("connected to the queue at {at}")),
                // Refused again and again while reconnecting, such as after a change of credentials.
                Event::ServerError(error) => tell(&format!("the queue at {at} says: {error}")),
                other => tracing::info!(queue = %other, "queue"),
            }
            std::future::ready(())
        });
        // The client takes nothing from an address but the host.
        let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        match servers.iter().find_map(|server| Some((plain(server.username()?), server.password().map(plain)))) {
            Some((user, Some(password))) => options = options.user_and_password(user, password),
            Some((token, None)) => options = options.token(token),
            None => {}
        }
        if let Some(path) = &self.credentials {
            options = options.credentials_file(path).await.map_err(|e| file(path, "credentials of the queue", e))?;
        }
        if let Some(path) = &self.nkey {
            let seed = std::fs::read_to_string(path).map_err(|e| file(path, "seed of the queue", e))?;
            options = options.nkey(seed.trim().to_owned());
        }
        if let Some(path) = &self.ca {
            std::fs::metadata(path).map_err(|e| file(path, "certificate authority of the queue", e))?;
            options = options.add_root_certificates(path.clone());
        }
        if let Some((certificate, key)) = &self.client_certificate {
            for path in [certificate, key] {
                std::fs::metadata(path).map_err(|e| file(path, "certificate for the queue", e))?;
            }
            options = options.add_client_certificate(certificate.clone(), key.clone());
        }
        options.connect(servers).await.map_err(|error| {
            use ConnectErrorKind as Kind;
            let (passing, advice) = match error.kind() {
                Kind::Authentication | Kind::AuthorizationViolation => (
                    false,
                    "; the server does not let this client in: see --queue-credentials, --queue-nkey, or name and password in the address",
                ),
                Kind::Tls => (false, "; see --queue-ca, and whether the server speaks TLS at all (tls:// or nats://)"),
                Kind::ServerParse => (false, ""),
                _ => (true, "; is nats-server running there, with JetStream (-js)?"),
            };
            Unconnected { passing, error: self.refused(format!("{}{advice}", text(&error))) }
        })
    }

    /// Connects and sets up what is not there yet.
    async fn open(&self, name: &str, tell: Tell) -> Result<Queue, Unconnected> {
        let client = self.client(name, tell).await?;
        let context = jetstream::new(client);
        let (jobs, scans, papers) = set_up(&context).await.map_err(|what| Unconnected { passing: false, error: self.refused(what) })?;
        Ok(Queue { shown: shown(&self.url), context, jobs, scans, papers })
    }
}

/// The stream and the buckets, made where they are missing.
async fn set_up(context: &Context) -> Result<(Stream, ObjectStore, ObjectStore), String> {
    let advice = "JetStream is needed: start nats-server with -js, and let this client use it";
    let jobs = Config {
        name: JOBS.to_owned(),
        description: Some("scans that certonboard wants read".to_owned()),
        subjects: vec![format!("{JOBS}.*.*")],
        retention: RetentionPolicy::WorkQueue,
        duplicate_window: SAME_JOB,
        max_age: JOBS_KEPT,
        // A job is looked up by its subject.
        allow_direct: true,
        ..Config::default()
    };
    let jobs = context.get_or_create_stream(jobs).await.map_err(|e| format!("{}. {advice}", text(&e)))?;
    let bucket = async |name: &str, what: &str, max_age: Duration| {
        if let Ok(there) = context.get_object_store(name).await {
            return Ok(there);
        }
        let config = object_store::Config { bucket: name.to_owned(), description: Some(what.to_owned()), max_age, ..Default::default() };
        context.create_object_store(config).await.map_err(|e| format!("{}. {advice}", text(&e)))
    };
    let scans = bucket(SCANS, "scans on their way to a worker", JOBS_KEPT).await?;
    let papers = bucket(PAPERS, "what certonboard's workers have read", PAPERS_KEPT).await?;
    Ok((jobs, scans, papers))
}

fn subject(version: &ReaderVersion, key: &ReadingKey) -> String {
    format!("{JOBS}.{}.{}", version.id(), key.as_str())
}

/// How long the bytes of an object may take: half a minute, and a second for each 256 KB. The client itself waits for pieces that are gone for ever.
fn patience(size: usize) -> Duration {
    Duration::from_secs(30 + (size >> 18) as u64)
}

/// All bytes of an object; `None` where there is none.
async fn fetch(store: &ObjectStore, name: &str, most: u64) -> Result<Option<Vec<u8>>, String> {
    use object_store::GetErrorKind;
    let mut object = match store.get(name).await {
        Ok(object) => object,
        Err(error) if error.kind() == GetErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(text(&error)),
    };
    if object.info().deleted {
        return Ok(None);
    }
    if object.info().size as u64 > most {
        // Nothing of ours, and it will not grow smaller: what is made of it can't be read, and that is told.
        return Ok(Some(vec![]));
    }
    let mut bytes = Vec::with_capacity(object.info().size);
    let read = tokio::time::timeout(patience(object.info().size), object.read_to_end(&mut bytes)).await;
    read.map_err(|_| "its bytes do not come".to_owned())?.map_err(|e| text(&e))?;
    Ok(Some(bytes))
}

async fn put(store: &ObjectStore, name: &str, bytes: &[u8]) -> Result<(), String> {
    let sent = tokio::time::timeout(patience(bytes.len()), store.put(name, &mut &bytes[..])).await;
    sent.map_err(|_| "the queue does not take it".to_owned())?.map(drop).map_err(|e| text(&e))
}

/// What the queue knows of an object; `None` where there is none.
async fn info(store: &ObjectStore, name: &str) -> Result<Option<ObjectInfo>, String> {
    match store.info(name).await {
        Ok(info) => Ok(Some(info).filter(|info| !info.deleted)),
        Err(error) if error.kind() == InfoErrorKind::NotFound => Ok(None),
        Err(error) => Err(text(&error)),
    }
}

/// Papers as they travel: JSON, deflated.
fn packed(papers: &FilePapers) -> Result<Vec<u8>, String> {
    use std::io::Write;
    let mut packer = flate2::write::DeflateEncoder::new(vec![], flate2::Compression::fast());
    serde_json::to_writer(&mut packer, papers).map_err(|e| e.to_string())?;
    packer.flush().and_then(|()| packer.finish()).map_err(|e| e.to_string())
}

fn unpacked(bytes: &[u8]) -> Result<FilePapers, String> {
    use std::io::Read;
    let reader = flate2::read::DeflateDecoder::new(bytes).take(MOST_PAPERS);
    serde_json::from_reader(std::io::BufReader::new(reader)).map_err(|e| format!("a worker's answer can't be read: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, wanted) in [
            ("nats://ann:hunter2@queue:4222", "nats://queue:4222"),
            ("tls://token@a:4222", "tls://a:4222"),
            ("nats://a:4222,nats://b:4222", "nats://a:4222,nats://b:4222"),
            ("ann:hunter2@queue:4222", "nats://queue:4222"),
            // Passwords that were not percent-encoded.
            ("nats://ann:hun,ter2@queue:4222", "nats://queue:4222"),
            ("nats://ann:4711#x@queue", "nats://queue"),
            ("nats://ann:4711/x@y@queue", "nats://queue"),
        ] {
            assert_eq!(shown(url), wanted);
        }
    }

    #[test]
    fn papers_come_back_as_they_were_packed() {
        let papers = FilePapers { pages: 3, papers: Ok(vec![]), bad_pages: vec![(2, "torn".into())], once: false, set_aside: false };
        assert_eq!(unpacked(&packed(&papers).unwrap()).unwrap(), papers);
        assert!(unpacked(b"not deflated").is_err());
        assert!(unpacked(&[]).is_err());
    }
}
