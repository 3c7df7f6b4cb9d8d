//! The run's side of the queue: hands scans out, gathers papers.
//!
//! Owns: what this run waits for, how it learns that something is done, how it outlasts a queue that is gone. Must not touch: what papers mean.
//! Called by: the reader, through the `ReadingQueue` port, on threads of its own.

use super::{MOST_PAPERS, Queue, QueueOptions, Tell, fetch, info, put, set_up, subject, text, unpacked};
use crate::domain::{ReaderVersion, ReadingKey};
use crate::ports::{FilePapers, Gathered, Interrupt, QueueError, ReadingJob, ReadingQueue};
use async_nats::jetstream::context::{ConsumerInfoErrorKind, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};
use futures_util::StreamExt;
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

/// The bucket's own news can be lost with a connection; what has been out this long is looked up.
const LOOK_UP_AFTER: Duration = Duration::from_secs(10);
/// So many are looked up at a time.
const LOOK_UP_AT_ONCE: usize = 50;
/// When a call fails it is made again after this, then after twice as long, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// An interrupt is seen within this.
const INTERRUPT_PACE: Duration = Duration::from_millis(100);
/// Looks are no closer together than this, also while other papers come.
const LOOK_PACE: Duration = Duration::from_secs(5);
/// When nothing came back for so long, it is asked whether anybody reads at all.
const QUIET: Duration = Duration::from_secs(15);

/// A job that this run waits for.
struct Out {
    key: ReadingKey,
    version: ReaderVersion,
    /// When it was handed out, or looked up last; `None` while it is on its way to the queue.
    looked: Option<Instant>,
}

#[derive(Default)]
struct State {
    out: VecDeque<Out>,
    last_news: Option<Instant>,
    last_look: Option<Instant>,
    /// Files that were set aside and were given to workers once more.
    retried: HashSet<ReadingKey>,
    told_idle: bool,
}

/// Hands out and gathers for one run.
pub struct Coordinator {
    queue: Queue,
    handle: Handle,
    tell: Tell,
    interrupt: Interrupt,
    /// Files that were set aside are given to workers once more.
    retry_set_aside: bool,
    state: Arc<Mutex<State>>,
    /// Keys that the bucket says are done.
    news: tokio::sync::Mutex<mpsc::UnboundedReceiver<ReadingKey>>,
    known: mpsc::UnboundedSender<ReadingKey>,
}

impl Coordinator {
    /// Connects. `tell` is told when the queue goes and comes back. Errors: the queue can't be reached, does not let this client in, or has no
    /// JetStream.
    pub async fn open(options: &QueueOptions, retry_set_aside: bool, interrupt: Interrupt, tell: Tell) -> Result<Self, QueueError> {
        let queue = options.open("certonboard", Arc::clone(&tell)).await.map_err(|unconnected| unconnected.error)?;
        let (known, news) = mpsc::unbounded_channel();
        tokio::spawn(listen(queue.clone(), known.clone()));
        Ok(Self {
            queue,
            handle: Handle::current(),
            tell,
            interrupt,
            retry_set_aside,
            state: Arc::default(),
            news: tokio::sync::Mutex::new(news),
            known,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic happens under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn interrupted(&self) {
        while !self.interrupt.is_raised() {
            tokio::time::sleep(INTERRUPT_PACE).await;
        }
    }

    /// Makes a call until it succeeds. `None`: interrupted.
    async fn persist<T>(&self, what: &str, mut call: impl AsyncFnMut() -> Result<T, String>) -> Option<T> {
        let (mut pause, mut told) = (FIRST_PAUSE, false);
        loop {
            let done = tokio::select! {
                done = call() => done,
                () = self.interrupted() => return None,
            };
            match done {
                Ok(done) => return Some(done),
                Err(why) => {
                    if !std::mem::replace(&mut told, true) {
                        (self.tell)(&format!("the queue at {}: {what} failed ({why}); it is tried again", self.queue.shown));
                    }
                }
            }
            if self.interrupt.is_raised() {
                return None;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            // A server that came back empty has neither stream nor buckets; while it is away this fails, and is tried again.
            let _ = set_up(&self.queue.context).await;
        }
    }

    async fn out(&self, job: &ReadingJob, bytes: &[u8]) -> Option<()> {
        let key = job.key.as_str();
        let mut id = key.to_owned();
        // Once in a run: what this run itself set aside stays so.
        let retry = self.retry_set_aside && self.lock().retried.insert(job.key.clone());
        let before = self.persist("looking for papers", async || info(&self.queue.papers, key).await).await?;
        if let Some(before) = before {
            let papers = self.persist("fetching papers", async || fetch(&self.queue.papers, key, MOST_PAPERS).await).await?;
            match papers.and_then(|bytes| unpacked(&bytes).ok()) {
                // Read in full, or set aside: reading it again would give nothing new, or stop three more workers.
                Some(papers) if papers.is_whole() || papers.set_aside && !retry => {
                    // The other end lives as long as this.
                    let _ = self.known.send(job.key.clone());
                    return Some(());
                }
                // Read in part: perhaps a passing fault. A name of its own, the same for every run that sees these papers, because the
                // server drops a name that it has had.
                _ => {
                    id = format!("{key}-{}", before.nuid);
                    let delete = async || match self.queue.papers.delete(key).await {
                        Err(error) if info(&self.queue.papers, key).await?.is_some() => Err(text(&error)),
                        _ => Ok(()),
                    };
                    self.persist("removing papers read in part", delete).await?;
                    // The count of workers that stopped at it begins anew; mostly the last of them has taken it away.
                    let _ = self.queue.scans.delete(format!("{key}.begun")).await;
                }
            }
        }
        // Also where an earlier run left it: it may be about to be forgotten.
        self.persist("handing over a scan", async || put(&self.queue.scans, key, bytes).await).await?;
        let payload = serde_json::to_vec(job).map_err(|e| e.to_string());
        let publish = async |id: &str| {
            let message = PublishMessage::build().payload(payload.clone()?.into()).message_id(id);
            // Only where none like it waits already.
            let message = message.expected_last_subject_sequence(0).outbound_message(subject(&job.version, &job.key));
            let sent = self.queue.context.publish_with_headers(message.subject, message.headers.unwrap_or_default(), message.payload);
            match sent.await.map_err(|e| text(&e))?.await {
                Ok(ack) => Ok(if ack.duplicate { Published::HadIt } else { Published::Now }),
                Err(error) if error.kind() == PublishErrorKind::WrongLastSequence => Ok(Published::Waits),
                Err(error) => Err(text(&error)),
            }
        };
        let published = self.persist("handing out a job", async || publish(&id).await).await?;
        if published == Published::HadIt {
            // Somebody handed it out within the hour: it waits, it is being read, or it is done. If it is none of these, its papers were removed.
            let gone =
                async || Ok(!waits(&self.queue.jobs, &job.version, &job.key).await? && info(&self.queue.papers, key).await?.is_none());
            if self.persist("looking for a job", gone).await? {
                let mut salt = [0u8; 8];
                // Without randomness the name is one that the server may have had; the job is then told as lost.
                let _ = getrandom::fill(&mut salt);
                let id = format!("{id}-{:016x}", u64::from_le_bytes(salt));
                self.persist("handing out a job", async || publish(&id).await).await?;
            }
        }
        Some(())
    }

    /// What came of jobs that have been out for long: the bucket's news may have been lost.
    async fn look_up(&self) {
        let now = Instant::now();
        let (old, quiet) = {
            let mut state = self.lock();
            if state.last_look.is_some_and(|at| now.duration_since(at) < LOOK_PACE) {
                return;
            }
            let mut old = vec![];
            let long = |out: &&mut Out| out.looked.is_some_and(|at| now.duration_since(at) > LOOK_UP_AFTER);
            for out in state.out.iter_mut().filter(long).take(LOOK_UP_AT_ONCE) {
                out.looked = Some(now);
                old.push((out.key.clone(), out.version.clone()));
            }
            let quiet = state.last_news.is_none_or(|at| now.duration_since(at) > QUIET) && !state.told_idle;
            (old, quiet)
        };
        let first = old.first().cloned();
        let looks = old.into_iter().map(async |(key, version)| {
            // What can't be found out now is looked up again.
            let standing = self.standing(&key, &version).await.unwrap_or(Standing::Waits);
            (key, standing)
        });
        let found = tokio::select! {
            found = futures_util::future::join_all(looks) => found,
            () = self.interrupted() => return,
        };
        for (key, standing) in found {
            if standing != Standing::Waits {
                // Not looked up again until it was fetched. The other end lives as long as this.
                self.lock().out.iter_mut().filter(|out| out.key == key).for_each(|out| out.looked = None);
                let _ = self.known.send(key);
            }
        }
        self.lock().last_look = Some(Instant::now());
        if let (Some((_, version)), true) = (first, quiet)
            && !reads(&self.queue.jobs, &version).await.unwrap_or(true)
        {
            self.lock().told_idle = true;
            (self.tell)(&format!(
                "no worker reads for this run yet; start one with: certonboard worker --queue {} (it must read as this machine does: {version})",
                self.queue.shown
            ));
        }
    }

    async fn standing(&self, key: &ReadingKey, version: &ReaderVersion) -> Result<Standing, String> {
        let done = async || Ok::<bool, String>(info(&self.queue.papers, key.as_str()).await?.is_some());
        if done().await? {
            return Ok(Standing::Done);
        }
        if waits(&self.queue.jobs, version, key).await? {
            return Ok(Standing::Waits);
        }
        // Once more: a worker leaves the papers before it takes the job away.
        Ok(if done().await? { Standing::Done } else { Standing::Lost })
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Published {
    Now,
    /// The server had a job of this name within the hour.
    HadIt,
    /// One like it is there.
    Waits,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Waits,
    Done,
    Lost,
}

/// Is the job still on the queue, taken by a worker or not?
async fn waits(jobs: &Stream, version: &ReaderVersion, key: &ReadingKey) -> Result<bool, String> {
    match jobs.get_last_raw_message_by_subject(&subject(version, key)).await {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(false),
        Err(error) => Err(text(&error)),
    }
}

/// Does anybody ask for jobs of this version, or work on one? `None`: not to be found out now.
async fn reads(jobs: &Stream, version: &ReaderVersion) -> Option<bool> {
    match jobs.consumer_info(&version.id()).await {
        Ok(info) => Some(info.num_waiting > 0 || info.num_ack_pending > 0),
        // No worker of this version has ever been here.
        Err(error) if error.kind() == ConsumerInfoErrorKind::NotFound => Some(false),
        Err(_) => None,
    }
}

/// Passes on what the bucket of papers says, as long as anybody listens.
async fn listen(queue: Queue, known: mpsc::UnboundedSender<ReadingKey>) {
    while !known.is_closed() {
        // What is lost between two watches is looked up.
        let Ok(mut watch) = queue.papers.watch().await else {
            tokio::time::sleep(FIRST_PAUSE).await;
            continue;
        };
        while let Some(Ok(info)) = watch.next().await {
            if let (false, Ok(key)) = (info.deleted, ReadingKey::try_from(info.name))
                && known.send(key).is_err()
            {
                return;
            }
        }
        tokio::time::sleep(FIRST_PAUSE).await;
    }
}

impl ReadingQueue for Coordinator {
    fn hand_out(&self, job: ReadingJob, bytes: Vec<u8>) -> Result<(), QueueError> {
        // Noted first, so that the answer to a job that is done already finds somebody who waits for it.
        {
            let mut state = self.lock();
            // One that was lost is handed out again.
            state.out.retain(|out| out.key != job.key);
            state.out.push_back(Out { key: job.key.clone(), version: job.version.clone(), looked: None });
        }
        // Interrupted: the caller sees that itself.
        if self.handle.block_on(self.out(&job, &bytes)).is_some()
            && let Some(out) = self.lock().out.iter_mut().find(|out| out.key == job.key)
        {
            out.looked = Some(Instant::now());
        }
        Ok(())
    }

    fn next(&self, wait: Duration) -> Result<Option<(ReadingKey, Gathered)>, QueueError> {
        let until = Instant::now() + wait;
        self.handle.block_on(async {
            loop {
                let left = until.saturating_duration_since(Instant::now());
                let key = {
                    let mut news = self.news.lock().await;
                    tokio::time::timeout(left, news.recv()).await.ok().flatten()
                };
                self.look_up().await;
                let Some(key) = key else { return Ok(None) };
                // Also what other runs have read is told of.
                let Some(version) = self.lock().out.iter().find(|out| out.key == key).map(|out| out.version.clone()) else { continue };
                let fetched = self.persist("fetching papers", async || fetch(&self.queue.papers, key.as_str(), MOST_PAPERS).await).await;
                let Some(bytes) = fetched else { return Ok(None) };
                if bytes.is_none() {
                    // Told before, or not there yet: lost is only what waits nowhere.
                    let standing = self.persist("looking for a job", async || self.standing(&key, &version).await).await;
                    if standing != Some(Standing::Lost) {
                        self.lock().out.iter_mut().filter(|out| out.key == key).for_each(|out| out.looked = Some(Instant::now()));
                        continue;
                    }
                }
                let gathered = match bytes.map(|bytes| unpacked(&bytes)) {
                    Some(Ok(papers)) => Gathered::Papers(papers),
                    Some(Err(why)) => Gathered::Papers(FilePapers::unreadable(why)),
                    None => Gathered::Lost,
                };
                let mut state = self.lock();
                match gathered {
                    Gathered::Papers(_) => state.out.retain(|out| out.key != key),
                    // On its way again, or soon given up; not to be looked up meanwhile.
                    Gathered::Lost => state.out.iter_mut().filter(|out| out.key == key).for_each(|out| out.looked = None),
                }
                state.last_news = Some(Instant::now());
                return Ok(Some((key, gathered)));
            }
        })
    }
}
