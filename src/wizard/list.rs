//! A spreadsheet of any length to its customers: the rows are read in pieces on one thread and understood on the others.

use crate::customers::{CustomerList, Finished, Layout, Piece, Reading, Settle};
use crate::domain::Grid;
use crate::ports::{Book, RowsEnd, Unreadable};
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

/// What is wanted of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Customers,
    /// The counts and the problems: a million rows then need no room of their own.
    Counts,
}

/// Reads the customers of the sheet that the layout names. `heads` are the book's first rows.
pub fn read_list(
    book: &mut dyn Book,
    heads: &[Grid],
    layout: &Layout,
    settle: &Settle,
    wanted: Wanted,
    jobs: usize,
) -> Result<CustomerList, Unreadable> {
    let none = Grid::default();
    let head = heads.iter().find(|grid| grid.sheet == layout.sheet).unwrap_or(&none);
    let mut reading = match wanted {
        Wanted::Customers => Reading::new(layout, settle, head),
        Wanted::Counts => Reading::survey(layout, settle, head),
    };
    loop {
        let pieces = match head.more {
            true => pieces(book, &layout.sheet, &reading, jobs)?,
            false => vec![reading.piece(head)],
        };
        match reading.finish(pieces) {
            Finished::Done(list) => return Ok(*list),
            Finished::Again(better) => reading = *better,
        }
    }
}

fn pieces(book: &mut dyn Book, sheet: &str, reading: &Reading<'_>, jobs: usize) -> Result<Vec<Piece>, Unreadable> {
    loop {
        let (send, receive) = sync_channel::<(usize, Grid)>(2 * jobs.max(1));
        let (give_back, emptied) = channel::<Grid>();
        let receive = Arc::new(Mutex::new(receive));
        let done = Mutex::new(Vec::new());
        let ended = std::thread::scope(|scope| {
            for _ in 0..jobs.max(1) {
                let (receive, give_back, done) = (Arc::clone(&receive), give_back.clone(), &done);
                scope.spawn(move || understand(reading, &receive, give_back, done));
            }
            // The workers alone hold the other end: without them nothing waits for room that never comes.
            drop(receive);
            let mut count = 0;
            let ended = book.rows(sheet, &mut |grid| {
                count += 1;
                send.send((count, grid)).ok()?;
                Some(emptied.try_recv().unwrap_or_default())
            });
            // The workers end when nothing more can come.
            drop(send);
            ended
        })?;
        if ended == RowsEnd::Again {
            continue;
        }
        let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(place, _)| *place);
        return Ok(done.into_iter().map(|(_, piece)| piece).collect());
    }
}

fn understand(reading: &Reading<'_>, receive: &Mutex<Receiver<(usize, Grid)>>, give_back: Sender<Grid>, done: &Mutex<Vec<(usize, Piece)>>) {
    loop {
        let next = receive.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((place, mut grid)) = next else { return };
        let piece = reading.piece(&grid);
        grid.clear();
        // Whoever fills grids may have stopped.
        let _ = give_back.send(grid);
        done.lock().unwrap_or_else(PoisonError::into_inner).push((place, piece));
    }
}
