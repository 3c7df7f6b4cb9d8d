//! One thread that writes: what several callers want written at the same time goes to the disk together, so that many writes in flight don't
//! each wait for a sync of their own.
//!
//! Every piece of work is whole or absent by itself: one that fails takes nothing of the others with it.

use super::store::sql;
use crate::ports::{JournalError, JournalResult};
use rusqlite::Connection;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// So many pieces of work go into one transaction at most.
const TOGETHER: usize = 512;

/// Work for the thread: first done, then told whether it has reached the disk.
trait Job: Send {
    fn run(&mut self, connection: &Connection) -> JournalResult<()>;
    fn tell(self: Box<Self>, written: JournalResult<()>);
}

struct Piece<T, W, R> {
    work: Option<W>,
    value: Option<T>,
    told: R,
}

impl<T, W, R> Job for Piece<T, W, R>
where
    T: Send,
    W: FnOnce(&Connection) -> JournalResult<T> + Send,
    R: FnOnce(JournalResult<T>) + Send,
{
    fn run(&mut self, connection: &Connection) -> JournalResult<()> {
        let Some(work) = self.work.take() else { return Ok(()) };
        self.value = Some(work(connection)?);
        Ok(())
    }

    fn tell(self: Box<Self>, written: JournalResult<()>) {
        let Piece { value, told, .. } = *self;
        told(written.and_then(|()| value.ok_or_else(stopped)));
    }
}

fn stopped() -> JournalError {
    JournalError("its writer has stopped".to_owned())
}

pub(super) struct Writer {
    /// `None` once it is being dropped: that ends the thread.
    jobs: Option<Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(connection: Arc<Mutex<Connection>>) -> std::io::Result<Self> {
        let (jobs, waiting) = channel();
        let thread = std::thread::Builder::new().name("journal".to_owned()).spawn(move || work_through(&waiting, &connection))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Writes and waits until it is on the disk.
    pub(super) fn write<T: Send + 'static>(&self, work: impl FnOnce(&Connection) -> JournalResult<T> + Send + 'static) -> JournalResult<T> {
        let (tell, told) = channel();
        self.submit(work, move |result| drop(tell.send(result)));
        told.recv().unwrap_or_else(|_| Err(stopped()))
    }

    /// The same for a caller that has other things to do until then.
    pub(super) async fn write_soon<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> JournalResult<T> + Send + 'static,
    ) -> JournalResult<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.submit(work, move |result| drop(tell.send(result)));
        told.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Writes in its turn; nobody waits for it.
    pub(super) fn write_and_go(&self, work: impl FnOnce(&Connection) -> JournalResult<()> + Send + 'static) {
        self.submit(work, |_| {});
    }

    /// Waits until everything handed in before is on the disk.
    pub(super) fn flush(&self) -> JournalResult<()> {
        self.write(|_| Ok(()))
    }

    fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> JournalResult<T> + Send + 'static,
        told: impl FnOnce(JournalResult<T>) + Send + 'static,
    ) {
        let job = Piece { work: Some(work), value: None, told };
        // A job that can't be handed in is dropped, and with it the sender: who waits for it hears of it.
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(Box::new(job));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn work_through(waiting: &Receiver<Box<dyn Job>>, connection: &Mutex<Connection>) {
    while let Ok(first) = waiting.recv() {
        let jobs: Vec<Box<dyn Job>> = std::iter::once(first).chain(waiting.try_iter().take(TOGETHER - 1)).collect();
        // A poisoned lock means a panic between statements; each transaction is whole or absent, so going on is safe.
        let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let done = together(&mut connection, jobs);
        drop(connection);
        done.into_iter().for_each(|(job, written)| job.tell(written));
    }
}

type Done = Vec<(Box<dyn Job>, JournalResult<()>)>;

fn together(connection: &mut Connection, jobs: Vec<Box<dyn Job>>) -> Done {
    let begun = connection.transaction().map_err(sql);
    let mut tx = match begun {
        Ok(tx) => tx,
        Err(error) => return jobs.into_iter().map(|job| (job, Err(error.clone()))).collect(),
    };
    let mut done: Done = Vec::with_capacity(jobs.len());
    for mut job in jobs {
        let written = tx.savepoint().map_err(sql).and_then(|part| {
            // Dropped without a commit, the part is undone.
            job.run(&part)?;
            part.commit().map_err(sql)
        });
        done.push((job, written));
    }
    if let Err(error) = tx.commit().map_err(sql) {
        done.iter_mut().filter(|(_, written)| written.is_ok()).for_each(|(_, written)| *written = Err(error.clone()));
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writer() -> (tempfile::TempDir, Arc<Mutex<Connection>>, Writer) {
        let folder = tempfile::tempdir().unwrap();
        let connection = Connection::open(folder.path().join("x.sqlite")).unwrap();
        connection.execute_batch("CREATE TABLE t (n INTEGER PRIMARY KEY) STRICT").unwrap();
        let connection = Arc::new(Mutex::new(connection));
        let writer = Writer::start(Arc::clone(&connection)).unwrap();
        (folder, connection, writer)
    }

    fn insert(n: i64) -> impl FnOnce(&Connection) -> JournalResult<i64> + Send + 'static {
        move |tx| {
            tx.execute("INSERT INTO t VALUES (?1)", [n]).map_err(sql)?;
            if n % 10 == 7 { Err(JournalError("seven".to_owned())) } else { Ok(n) }
        }
    }

    #[tokio::test]
    async fn one_that_fails_takes_nothing_of_the_others_with_it() {
        let (_folder, connection, writer) = writer();
        let results = futures_util::future::join_all((0..50).map(|n| writer.write_soon(insert(n)))).await;
        for (n, result) in results.into_iter().enumerate() {
            assert_eq!(result.is_ok(), n % 10 != 7, "{n}");
        }
        let count: i64 = connection.lock().unwrap().query_row("SELECT COUNT(*) FROM t", [], |r| r.get(0)).unwrap();
        assert_eq!(count, 45);
    }

    #[test]
    fn what_nobody_waits_for_is_written_before_the_end() {
        let (_folder, connection, writer) = writer();
        for n in 0..5 {
            writer.write_and_go(move |tx| insert(n)(tx).map(drop));
        }
        assert_eq!(writer.write(insert(20)), Ok(20));
        writer.write_and_go(|tx| insert(30)(tx).map(drop));
        drop(writer);
        let count: i64 = connection.lock().unwrap().query_row("SELECT COUNT(*) FROM t", [], |r| r.get(0)).unwrap();
        assert_eq!(count, 7);
    }
}
