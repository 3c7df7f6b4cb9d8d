//! The threads that read.
//!
//! Owns: threads and their engines. Must not touch: what a file says, where files come from. Called by: the reader of this process, the worker.

use super::pages::{Engine, How, Means, PATIENCE, PageJob};
use super::pool::{Next, Pool};
use crate::domain::Hints;
use crate::ports::{FilePapers, Interrupt, OcrEngines, ScanFolder, ScanReader};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Reads with some threads until the pool has nothing more. `file` reads a file of the pool and says whether to go on.
pub(super) fn crew<F: Send>(threads: usize, means: &Means, pool: &Pool<PageJob, F>, file: impl Fn(F, &mut Engine) -> bool + Sync) {
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            pool.join();
            scope.spawn(|| hand(means, pool, &file));
        }
    });
}

fn hand<F>(means: &Means, pool: &Pool<PageJob, F>, file: &impl Fn(F, &mut Engine) -> bool) {
    let mut engine = None;
    loop {
        match pool.next(|| means.interrupt.is_raised()) {
            Next::Nothing => break,
            Next::Job(job) => means.do_page(job, &mut engine, pool),
            Next::File(it) => {
                // Also when it panics: the others must not wait for it.
                let _open = Open(pool);
                if !file(it, &mut engine) {
                    break;
                }
            }
        }
    }
}

/// A file that is being read, until this is dropped.
struct Open<'a, F>(&'a Pool<PageJob, F>);

impl<F> Drop for Open<'_, F> {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// A file that somebody brings, and what is done with its papers.
struct Brought {
    bytes: Vec<u8>,
    how: How,
    tell: Box<dyn FnOnce(FilePapers) + Send>,
}

/// Threads that read files as they are brought, the pages of a long one together. They end when this is dropped and everything was read.
pub struct Readers {
    pool: Arc<Pool<PageJob, Brought>>,
    threads: Option<JoinHandle<()>>,
}

impl Readers {
    pub fn start(folder: Arc<dyn ScanFolder>, engines: Arc<dyn OcrEngines>, jobs: usize) -> Self {
        let pool = Arc::new(Pool::waiting());
        let shared = Arc::clone(&pool);
        let threads = std::thread::spawn(move || {
            let interrupt = Interrupt::default();
            let means = Means { folder: &*folder, engines: &*engines, patience: PATIENCE, interrupt: &interrupt };
            crew(jobs, &means, &shared, |Brought { bytes, how, tell }, engine| {
                // Nothing interrupts these threads, so that every file has an end.
                if let Some(papers) = means.read(bytes, &how, engine, &shared) {
                    tell(papers);
                }
                true
            });
        });
        Self { pool, threads: Some(threads) }
    }
}

impl ScanReader for Readers {
    fn read(&self, bytes: Vec<u8>, hints: Hints, seller: Option<&str>, tell: Box<dyn FnOnce(FilePapers) + Send>) {
        self.pool.push(Brought { bytes, how: How { hints, seller: seller.map(Arc::from) }, tell });
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.pool.no_more();
        if let Some(threads) = self.threads.take() {
            // A panic of theirs was told on stderr by the hook.
            let _ = threads.join();
        }
    }
}
