//! Any bytes as the merchant's file: what is no workbook goes through the readers of text, web pages and XML, then through all that finds
//! columns and customers.

#![no_main]

use certonboard::customers::{Finished, Reading, Settle, Wish, propose, read};
use certonboard::sources::spreadsheet::{Book, HEAD_ROWS, Limits, OpenOptions, Rows};
use libfuzzer_sys::fuzz_target;
use std::path::PathBuf;
use std::sync::LazyLock;

static FILE: LazyLock<PathBuf> = LazyLock::new(|| std::env::temp_dir().join(format!("certonboard-fuzz-{}", std::process::id())));

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PK") || bytes.starts_with(b"\xd0\xcf") {
        // The parsers of workbooks are not ours.
        return;
    }
    std::fs::write(&*FILE, bytes).expect("the temporary folder can be written");
    let limits = Limits { cells: 1 << 20, row_bytes: 1 << 20, ..Limits::default() };
    let Ok(mut book) = Book::open(&FILE, &OpenOptions { limits, ..OpenOptions::default() }) else { return };
    let Ok(heads) = book.heads(HEAD_ROWS) else { return };
    let Ok(layout) = propose(&heads, &Wish::default()) else { return };
    let settle = Settle::default();
    let list = read(&heads, &layout, &settle);

    // Read in pieces, the same comes out.
    let head = heads.iter().find(|grid| grid.sheet == layout.sheet).expect("the layout is of one of the sheets");
    assert!(!head.more);
    let mut reading = Reading::survey(&layout, &settle, head);
    loop {
        let mut pieces = Vec::new();
        let ended = book.rows(&layout.sheet, &mut |grid| {
            pieces.push(reading.piece(&grid));
            Some(grid)
        });
        match ended {
            Ok(Rows::Again) => continue,
            Ok(_) => {}
            Err(error) => panic!("the rows can be read once and not twice: {error}"),
        }
        match reading.finish(pieces) {
            Finished::Done(counted) => {
                assert_eq!(counted.summary, list.summary);
                return;
            }
            Finished::Again(better) => reading = *better,
        }
    }
});
