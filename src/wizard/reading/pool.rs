//! Hands out work to the reading threads: files in the order they came, and the pages of a long file to whoever is free.
//!
//! Owns: who does what next. Must not touch: what reading is. Called by: the reader of this process and the worker of a queue.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What a thread does next.
pub enum Next<J, F> {
    /// A page of a file that another thread opened.
    Job(J),
    File(F),
    Nothing,
}

struct State<J, F> {
    jobs: VecDeque<J>,
    files: VecDeque<F>,
    /// Files may still come.
    more: bool,
    /// Files that are being read: their threads may still offer pages.
    open: usize,
    /// Threads that look for work here; no more pages wait than there are of them.
    threads: usize,
}

/// Jobs wait here only while all threads are busy, and never more of them than there are threads: each holds a picture.
pub struct Pool<J, F> {
    state: Mutex<State<J, F>>,
    changed: Condvar,
}

/// A thread that waits looks up this often whether the run was interrupted.
const LOOK_UP: Duration = Duration::from_millis(100);

impl<J, F> Pool<J, F> {
    /// A pool with these files and no others.
    pub fn new(files: impl IntoIterator<Item = F>) -> Self {
        let pool = Self::waiting();
        let mut state = pool.lock();
        state.files.extend(files);
        state.more = false;
        drop(state);
        pool
    }

    /// A pool to which files come, until it is told that there are [no more](Pool::no_more).
    pub fn waiting() -> Self {
        let state = State { jobs: VecDeque::new(), files: VecDeque::new(), more: true, open: 0, threads: 0 };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub fn push(&self, file: F) {
        self.lock().files.push_back(file);
        self.changed.notify_all();
    }

    pub fn no_more(&self) {
        self.lock().more = false;
        self.changed.notify_all();
    }

    /// A thread is there to work.
    pub fn join(&self) {
        self.lock().threads += 1;
    }

    /// A thread that panics does so outside this lock, so that the state is sound in any case.
    fn lock(&self) -> MutexGuard<'_, State<J, F>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'g>(&self, state: MutexGuard<'g, State<J, F>>) -> MutexGuard<'g, State<J, F>> {
        self.changed.wait_timeout(state, LOOK_UP).unwrap_or_else(PoisonError::into_inner).0
    }

    /// The next thing to do; waits while open files may still offer pages. A file that was given out has to be [closed](Pool::close).
    pub fn next(&self, stopped: impl Fn() -> bool) -> Next<J, F> {
        let mut state = self.lock();
        loop {
            if stopped() {
                return Next::Nothing;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Next::Job(job);
            }
            if let Some(file) = state.files.pop_front() {
                state.open += 1;
                return Next::File(file);
            }
            if state.open == 0 && !state.more {
                return Next::Nothing;
            }
            state = self.wait(state);
        }
    }

    pub fn close(&self) {
        self.lock().open -= 1;
        self.changed.notify_all();
    }

    /// Gives a page to whoever is free; gives it back when enough are waiting already.
    pub fn offer(&self, job: J) -> Option<J> {
        let mut state = self.lock();
        if state.jobs.len() >= state.threads {
            return Some(job);
        }
        state.jobs.push_back(job);
        drop(state);
        self.changed.notify_all();
        None
    }

    /// Tells threads in [`Pool::help`] that something was finished.
    pub fn told(&self) {
        drop(self.lock());
        self.changed.notify_all();
    }

    /// A waiting job to do in the meantime; `None` once `done` (or `stopped`) says so.
    pub fn help(&self, done: impl Fn() -> bool) -> Option<J> {
        let mut state = self.lock();
        loop {
            if done() {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            state = self.wait(state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn every_page_of_every_file_is_done_once_by_any_number_of_threads() {
        for threads in [1, 2, 7] {
            let pages = [3usize, 0, 40, 1, 5];
            let done: Vec<AtomicUsize> = pages.iter().map(|_| AtomicUsize::new(0)).collect();
            let pool: Pool<usize, usize> = Pool::new(0..pages.len());
            let work = |file: usize| {
                done[file].fetch_add(1, Ordering::SeqCst);
                pool.told();
            };
            std::thread::scope(|scope| {
                for _ in 0..threads {
                    pool.join();
                    scope.spawn(|| {
                        loop {
                            match pool.next(|| false) {
                                Next::Job(file) => work(file),
                                Next::File(file) => {
                                    for _ in 0..pages[file] {
                                        if let Some(mine) = pool.offer(file) {
                                            work(mine);
                                        }
                                    }
                                    while let Some(job) = pool.help(|| done[file].load(Ordering::SeqCst) == pages[file]) {
                                        work(job);
                                    }
                                    pool.close();
                                }
                                Next::Nothing => break,
                            }
                        }
                    });
                }
            });
            assert_eq!(done.iter().map(|d| d.load(Ordering::SeqCst)).collect::<Vec<_>>(), pages);
        }
    }
}
