//! Many writes in flight within one gate. How many of them the service really sees at a time is the transport's business.

use super::{Run, Stopped};
use futures_util::stream::FuturesUnordered;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::future::Future;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// So many pieces of work are begun at a time: enough to keep a quick service busy while others wait for the journal.
pub(super) const AT_ONCE: usize = 64;
/// The same for work that holds a document: few enough to hold them all in memory.
pub(super) const DOCUMENTS_AT_ONCE: usize = 24;

/// Does `work` for each item, begun in order and several at a time. The first stop lets what is in flight come to its end, and begins nothing
/// more.
pub(super) async fn each<T, F>(
    run: &Run<'_>,
    at_once: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> F,
) -> Result<(), Stopped>
where
    F: Future<Output = Result<(), Stopped>>,
{
    let mut items = items.into_iter();
    let mut in_flight = FuturesUnordered::new();
    let mut stopped = None;
    loop {
        while stopped.is_none() && in_flight.len() < at_once {
            match (run.check_interrupt(), items.next()) {
                (_, None) => break,
                (Err(interrupted), Some(_)) => stopped = Some(interrupted),
                (Ok(()), Some(item)) => in_flight.push(work(item)),
            }
        }
        match in_flight.next().await {
            None => return stopped.map_or(Ok(()), Err),
            Some(Ok(())) => {}
            Some(Err(stop)) => {
                run.stopping.store(true, Ordering::SeqCst);
                stopped.get_or_insert(stop);
            }
        }
    }
}

/// Asks for each item, several at a time; the answers come in the items' order.
pub(super) async fn ask_each<T, A, F>(items: impl IntoIterator<Item = T>, ask: impl Fn(T) -> F) -> Result<Vec<A>, Stopped>
where
    F: Future<Output = Result<A, Stopped>>,
{
    stream::iter(items).map(ask).buffered(AT_ONCE).try_collect().await
}

/// The pause before a write goes out once more, after `tried` tries: it doubles, and a part of it depends on which write it is, so that those
/// that failed together don't come back together.
pub(super) async fn pause(id: &str, tried: usize) {
    let whole = Duration::from_millis(200 << tried.min(6));
    let spread: u32 = id.bytes().map(u32::from).sum::<u32>() % 100;
    tokio::time::sleep(whole.mul_f64(0.5 + f64::from(spread) / 200.0)).await;
}
