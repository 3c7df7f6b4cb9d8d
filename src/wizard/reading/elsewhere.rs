//! Files that others read: handed to a queue, gathered as they come back.
//!
//! Owns: how many are on their way, who waits for what. Must not touch: how a queue works (its port), how a file is read.
//! Called by: `reading`.

use super::{FileRead, Reader, Unread, failed, guarded};
use crate::domain::{Hints, ReadingKey, Sha256};
use crate::ports::{FilePapers, Gathered, QueueError, ReadingJob, ReadingQueue, ScanFile};
use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

/// At most so many files are on their way, and so many bytes of them, one file at least: enough for some hundred workers, and no more than a
/// small server keeps on its disk.
const MOST_FILES: usize = 1_000;
const MOST_BYTES: usize = 1 << 30;
/// A file that the queue loses more often is told as unreadable.
const MOST_LOST: usize = 5;
/// Whoever waits looks up this often whether the run was interrupted.
const LOOK_UP: Duration = Duration::from_millis(200);

/// A file that waits for its papers.
struct Waiting {
    index: usize,
    sha256: Sha256,
    hints: Hints,
}

#[derive(Default)]
struct State {
    /// By what is read: a file that lies in the folder twice is read once.
    waiting: HashMap<ReadingKey, (Vec<Waiting>, usize)>,
    bytes: usize,
    /// How often the queue lost a file.
    lost: HashMap<ReadingKey, usize>,
    handed_out: bool,
    fault: Option<QueueError>,
}

#[derive(Default)]
struct OnTheWay {
    state: Mutex<State>,
    changed: Condvar,
}

impl OnTheWay {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic happens under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the file has to be handed out; it is noted in any case. Waits while enough are on their way. `None`: stop.
    fn enter(&self, key: &ReadingKey, file: Waiting, bytes: usize, stopped: impl Fn() -> bool) -> Option<bool> {
        let mut state = self.lock();
        loop {
            if stopped() || state.fault.is_some() {
                return None;
            }
            if let Some((same, _)) = state.waiting.get_mut(key) {
                same.push(file);
                return Some(false);
            }
            let room = state.waiting.len() < MOST_FILES && state.bytes + bytes <= MOST_BYTES;
            if room || state.waiting.is_empty() {
                state.bytes += bytes;
                state.waiting.insert(key.clone(), (vec![file], bytes));
                return Some(true);
            }
            state = self.changed.wait_timeout(state, LOOK_UP).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn leave(&self, key: &ReadingKey) -> Vec<Waiting> {
        let mut state = self.lock();
        let Some((files, bytes)) = state.waiting.remove(key) else { return vec![] };
        state.bytes -= bytes;
        self.changed.notify_all();
        files
    }

    /// The files that wait for these papers, and how often they were lost by now.
    fn lost(&self, key: &ReadingKey) -> Option<(Vec<usize>, usize)> {
        let mut state = self.lock();
        let waiting = state.waiting.get(key)?.0.iter().map(|file| file.index).collect();
        let lost = state.lost.entry(key.clone()).or_default();
        *lost += 1;
        Some((waiting, *lost))
    }

    fn stop(&self, fault: QueueError) {
        self.lock().fault.get_or_insert(fault);
        self.changed.notify_all();
    }
}

/// Says at its end that nothing more is handed out.
struct HandedOut<'a>(&'a OnTheWay);

impl Drop for HandedOut<'_> {
    fn drop(&mut self) {
        self.0.lock().handed_out = true;
        self.0.changed.notify_all();
    }
}

impl Reader<'_> {
    pub(super) fn read_elsewhere(
        &self,
        queue: &dyn ReadingQueue,
        files: &[ScanFile],
        sender: mpsc::Sender<(usize, FileRead)>,
    ) -> Result<(), QueueError> {
        let on_the_way = OnTheWay::default();
        std::thread::scope(|scope| {
            let (to_caller, shared) = (sender.clone(), &on_the_way);
            scope.spawn(move || {
                // Whatever becomes of this thread, nobody waits for it for ever.
                let _done = HandedOut(shared);
                if let Err(fault) = self.hand_out(queue, files, &to_caller, shared) {
                    shared.stop(fault);
                }
            });
            if let Err(fault) = self.gather(queue, files, &sender, &on_the_way) {
                on_the_way.stop(fault);
            }
        });
        let fault = on_the_way.lock().fault.take();
        fault.map_or(Ok(()), Err)
    }

    fn hand_out(
        &self,
        queue: &dyn ReadingQueue,
        files: &[ScanFile],
        sender: &mpsc::Sender<(usize, FileRead)>,
        on_the_way: &OnTheWay,
    ) -> Result<(), QueueError> {
        for (index, file) in files.iter().enumerate() {
            if self.interrupt.is_raised() {
                break;
            }
            let mut unread = None;
            let known = guarded(file, || match self.known(file) {
                Ok(read) => read,
                Err(found) => {
                    unread = Some(*found);
                    failed(file, "it is read elsewhere")
                }
            });
            let Some(Unread { bytes, sha256, key, how }) = unread else {
                match sender.send((index, known)) {
                    Ok(()) => continue,
                    // Nobody listens any more: the run has ended.
                    Err(_) => break,
                }
            };
            let waiting = Waiting { index, sha256, hints: how.hints.clone() };
            match on_the_way.enter(&key, waiting, bytes.len(), || self.interrupt.is_raised()) {
                None => break,
                Some(false) => {}
                Some(true) => queue.hand_out(self.job(key, how.hints), bytes)?,
            }
        }
        Ok(())
    }

    fn job(&self, key: ReadingKey, hints: Hints) -> ReadingJob {
        ReadingJob { key, version: self.version.clone(), hints, seller: self.seller.map(str::to_owned) }
    }

    /// Hands a file out again that the queue has lost. What to take for its papers where that makes no sense.
    fn again(
        &self,
        queue: &dyn ReadingQueue,
        files: &[ScanFile],
        key: &ReadingKey,
        on_the_way: &OnTheWay,
    ) -> Result<Option<FilePapers>, QueueError> {
        let Some((waiting, lost)) = on_the_way.lost(key) else { return Ok(None) };
        if lost > MOST_LOST {
            return Ok(Some(FilePapers::unreadable("the queue lost it again and again; is there room on its server's disk?")));
        }
        // Whichever of those with these bytes still has them.
        for file in waiting.into_iter().filter_map(|index| files.get(index)) {
            let Ok(bytes) = self.folder.bytes(file) else { continue };
            let sha256 = Sha256::of(&bytes);
            let hints = Hints::of(self.review, &sha256);
            if ReadingKey::new(&self.version, &sha256, &hints, self.seller) == *key {
                queue.hand_out(self.job(key.clone(), hints), bytes)?;
                return Ok(None);
            }
        }
        Ok(Some(FilePapers::unreadable("it was changed while it was being read; start again")))
    }

    fn gather(
        &self,
        queue: &dyn ReadingQueue,
        files: &[ScanFile],
        sender: &mpsc::Sender<(usize, FileRead)>,
        on_the_way: &OnTheWay,
    ) -> Result<(), QueueError> {
        loop {
            let over = {
                let state = on_the_way.lock();
                state.fault.is_some() || state.handed_out && state.waiting.is_empty()
            };
            if over || self.interrupt.is_raised() {
                break;
            }
            let Some((key, gathered)) = queue.next(LOOK_UP)? else { continue };
            let papers = match gathered {
                Gathered::Papers(papers) => papers,
                Gathered::Lost => match self.again(queue, files, &key, on_the_way)? {
                    Some(papers) => papers,
                    None => continue,
                },
            };
            let waiting = on_the_way.leave(&key);
            if !waiting.is_empty() {
                self.remember(&key, &papers);
            }
            for Waiting { index, sha256, hints } in waiting {
                let Some(file) = files.get(index) else { continue };
                let read = guarded(file, || self.decided(file, &sha256, &hints, papers.clone()));
                if sender.send((index, read)).is_err() {
                    return Ok(());
                }
            }
        }
        // Interrupted: the others are told as not read, as in a run of this machine alone.
        let left: Vec<usize> = on_the_way.lock().waiting.values().flat_map(|(files, _)| files.iter().map(|f| f.index)).collect();
        for file in left {
            if let Some(scan) = files.get(file) {
                // Nobody listens any more: the run has ended.
                let _ = sender.send((file, failed(scan, "interrupted before it was read")));
            }
        }
        Ok(())
    }
}
