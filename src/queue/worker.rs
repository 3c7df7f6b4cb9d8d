//! The worker's side of the queue: takes jobs, has them read, leaves the papers.
//!
//! Owns: the life of a job from its delivery to its acknowledgement, what is done with one that stops workers. Must not touch: how a file is read;
//! the service, credentials, the disk.
//! Called by: `certonboard worker`.

use super::{PAPERS, Queue, QueueOptions, Tell, fetch, info, packed, put, set_up, text};
use crate::domain::{ReaderVersion, ReadingKey, Sha256, counted};
use crate::ports::{FilePapers, Interrupt, QueueError, ReadingJob, ScanReader};
use async_nats::jetstream::consumer::{AckPolicy, Consumer, pull};
use async_nats::jetstream::{AckKind, Message};
use futures_util::StreamExt;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{RwLock, oneshot};

/// A file at which so many workers stopped is not given to another.
const MOST_BEGUN: usize = 3;
/// The largest scan that is taken from the queue; the coordinator's own limit is the same.
const MOST_SCAN: u64 = 200 << 20;
/// How long one request for a job stands at the server.
const ASKED: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(1);

const SET_ASIDE: &str =
    "three workers began to read it and stopped before its end, so it is set aside; open it, print it to PDF and try that";

pub struct WorkerOptions {
    pub queue: QueueOptions,
    /// Files that are read at a time.
    pub jobs: usize,
    /// A job of which no sign of life comes for this long is given to another worker.
    pub redeliver_after: Duration,
}

/// What a worker did.
#[derive(Debug, Default)]
pub struct Worked {
    pub files: AtomicU64,
    pub pages: AtomicU64,
    pub set_aside: AtomicU64,
}

/// Reads what is on the queue until `interrupt` is raised; what is being read then is read to its end. Waits for a queue that can't be reached.
///
/// # Errors
/// The queue does not let this client in, or has no JetStream.
pub async fn work(
    options: &WorkerOptions,
    readers: Arc<dyn ScanReader>,
    version: ReaderVersion,
    interrupt: Interrupt,
    tell: Tell,
) -> Result<Arc<Worked>, QueueError> {
    let mut told = false;
    let queue = loop {
        match options.queue.open("certonboard worker", Arc::clone(&tell)).await {
            Ok(queue) => break queue,
            Err(unconnected) if !unconnected.passing => return Err(unconnected.error),
            Err(unconnected) => {
                if !std::mem::replace(&mut told, true) {
                    tell(&format!("{}; waiting for it", unconnected.error));
                }
                if interrupt.is_raised() {
                    return Ok(Arc::default());
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    // A server that can be reached and refuses this, will go on to do so.
    let (_, ack_wait) = consumer(&queue, &version, options.redeliver_after).await.map_err(|why| options.queue.refused(why))?;
    if ack_wait != options.redeliver_after {
        tell(&format!("a file without a sign of life is given on after {} seconds: the first worker here said so", ack_wait.as_secs()));
    }
    let (alone, reading) = (Arc::new(RwLock::new(())), Arc::default());
    tell(&format!("ready: {} at a time, as {version}", counted(options.jobs, "file", "files")));
    let worked: Arc<Worked> = Arc::default();
    let lanes = (0..options.jobs.max(1)).map(|_| {
        let lane = Lane {
            queue: queue.clone(),
            readers: Arc::clone(&readers),
            version: version.clone(),
            redeliver_after: options.redeliver_after,
            alone: Arc::clone(&alone),
            reading: Arc::clone(&reading),
            interrupt: interrupt.clone(),
            worked: Arc::clone(&worked),
        };
        tokio::spawn(lane.run())
    });
    for lane in lanes.collect::<Vec<_>>() {
        if let Err(error) = lane.await {
            return Err(options.queue.refused(format!("a worker's thread failed: {error}")));
        }
    }
    Ok(worked)
}

/// The way to the jobs of one version, shared by all its workers, and how long a job may go without a sign of life: the first of them decides.
async fn consumer(queue: &Queue, version: &ReaderVersion, redeliver_after: Duration) -> Result<(Consumer<pull::Config>, Duration), String> {
    let config = pull::Config {
        durable_name: Some(version.id()),
        description: Some(version.to_string()),
        filter_subject: format!("{}.{}.*", super::JOBS, version.id()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: redeliver_after,
        // A worker sets aside what comes too often, so that the coordinator is told.
        max_deliver: -1,
        max_ack_pending: 20_000,
        max_waiting: 4_096,
        inactive_threshold: super::JOBS_KEPT,
        ..pull::Config::default()
    };
    let consumer: Consumer<pull::Config> =
        queue.jobs.get_or_create_consumer(&version.id(), config).await.map_err(|error| error.to_string())?;
    let ack_wait = consumer.cached_info().config.ack_wait;
    Ok((consumer, ack_wait))
}

/// One job at a time, again and again.
struct Lane {
    queue: Queue,
    readers: Arc<dyn ScanReader>,
    version: ReaderVersion,
    redeliver_after: Duration,
    /// Held for writing while a file is read at which a worker stopped: it must not take others with it.
    alone: Arc<RwLock<()>>,
    /// What the lanes of this process are reading.
    reading: Arc<Mutex<HashSet<ReadingKey>>>,
    interrupt: Interrupt,
    worked: Arc<Worked>,
}

/// A file that is being read by this process, until this is dropped.
struct Reading {
    all: Arc<Mutex<HashSet<ReadingKey>>>,
    key: ReadingKey,
}

impl Reading {
    /// `None`: it is being read already.
    fn begin(all: &Arc<Mutex<HashSet<ReadingKey>>>, key: &ReadingKey) -> Option<Self> {
        let fresh = all.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone());
        fresh.then(|| Self { all: Arc::clone(all), key: key.clone() })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.key);
    }
}

/// Tells the queue, until it is dropped, that a job is being worked on.
struct SignsOfLife(tokio::task::JoinHandle<()>);

impl SignsOfLife {
    fn begin(message: Arc<Message>, ack_wait: Duration) -> Self {
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(ack_wait / 3).await;
                // What is lost of these makes the queue give the job to another, too; the papers are the same then.
                let _ = message.ack_with(AckKind::Progress).await;
            }
        }))
    }
}

impl Drop for SignsOfLife {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Lane {
    async fn run(self) {
        while !self.interrupt.is_raised() {
            if let Err(why) = self.take_jobs().await {
                tracing::info!(%why, "the queue failed");
                tokio::time::sleep(PAUSE).await;
                // A server that came back empty has neither stream nor buckets; while it is away this fails, and is tried again.
                let _ = set_up(&self.queue.context).await;
            }
        }
    }

    async fn take_jobs(&self) -> Result<(), String> {
        let (consumer, ack_wait) = consumer(&self.queue, &self.version, self.redeliver_after).await?;
        while !self.interrupt.is_raised() {
            // Without the server's heartbeats: the client stops listening at each of them until the request ends.
            let request = consumer.batch().max_messages(1).expires(ASKED);
            let mut batch = request.messages().await.map_err(|e| text(&e))?;
            while let Some(message) = batch.next().await {
                self.job(message.map_err(|e| e.to_string())?, ack_wait).await?;
            }
        }
        Ok(())
    }

    async fn job(&self, message: Message, ack_wait: Duration) -> Result<(), String> {
        let Ok(job) = serde_json::from_slice::<ReadingJob>(&message.payload) else {
            // Nothing of ours, and nobody else will know it either.
            tracing::info!("a job that can't be read is taken off the queue");
            return message.ack_with(AckKind::Term).await.map_err(|e| e.to_string());
        };
        let message = Arc::new(message);
        let _alive = SignsOfLife::begin(Arc::clone(&message), ack_wait);
        let key = job.key.as_str().to_owned();
        let acknowledge = async || message.double_ack().await.map_err(|e| e.to_string());
        // Read by another, whose acknowledgement was lost.
        if info(&self.queue.papers, &key).await?.is_some() {
            return acknowledge().await;
        }
        let Some(bytes) = fetch(&self.queue.scans, &key, MOST_SCAN).await? else {
            // The coordinator finds neither job nor papers, and hands it out again.
            tracing::info!(key, "its scan is no longer on the queue");
            return acknowledge().await;
        };
        let Some(_reading) = Reading::begin(&self.reading, &job.key) else {
            // A lane of this very process reads it; the queue had not heard of that for a while, and will when it ends.
            return Ok(());
        };
        // How often somebody began to read it; what kept a worker from beginning counts for nothing.
        let mark = format!("{key}.begun");
        let begun =
            async || Ok::<usize, String>(fetch(&self.queue.scans, &mark, MOST_BEGUN as u64 + 1).await?.map_or(0, |marks| marks.len()));
        let (_alone, _beside) = match begun().await? {
            0 => (None, Some(self.alone.read().await)),
            _ => (Some(self.alone.write().await), None),
        };
        // That may have taken a while.
        if info(&self.queue.papers, &key).await?.is_some() {
            return acknowledge().await;
        }
        if self.interrupt.is_raised() {
            return message.ack_with(AckKind::Nak(None)).await.map_err(|e| e.to_string());
        }
        let begun = begun().await?;
        let papers = match begun >= MOST_BEGUN {
            true => {
                self.worked.set_aside.fetch_add(1, Ordering::Relaxed);
                FilePapers { set_aside: true, ..FilePapers::unreadable(SET_ASIDE) }
            }
            false => {
                put(&self.queue.scans, &mark, &vec![b'x'; begun + 1]).await?;
                tracing::info!(key, begun, "taken");
                self.read(&job, bytes).await?
            }
        };
        tracing::info!(key, pages = papers.pages, "left its papers");
        self.worked.files.fetch_add(1, Ordering::Relaxed);
        self.worked.pages.fetch_add(u64::from(papers.pages), Ordering::Relaxed);
        let packed = packed(&papers)?;
        // Hours of work may be in it: it is offered until the queue takes it.
        while let Err(why) = put(&self.queue.papers, &key, &packed).await {
            tracing::info!(why, "{PAPERS} can't be written");
            tokio::time::sleep(PAUSE).await;
            let _ = set_up(&self.queue.context).await;
        }
        // In this order: who finds no job finds the papers. What stays of these is forgotten in time.
        let acknowledged = acknowledge().await;
        for name in [&key, &mark] {
            let _ = self.queue.scans.delete(name).await;
        }
        acknowledged
    }

    async fn read(&self, job: &ReadingJob, bytes: Vec<u8>) -> Result<FilePapers, String> {
        let seller = job.seller.as_deref();
        if ReadingKey::new(&self.version, &Sha256::of(&bytes), &job.hints, seller) != job.key {
            return Ok(FilePapers::unreadable("the scan on the queue is not the one that was handed out; read it again with the next run"));
        }
        let (tell, told) = oneshot::channel();
        // Nobody listens any more when the worker was told to leave at once.
        self.readers.read(bytes, job.hints.clone(), seller, Box::new(move |papers| drop(tell.send(papers))));
        told.await.map_err(|_| "the reading threads are gone".to_owned())
    }
}
