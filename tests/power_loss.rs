//! The journal after a power loss: whatever is left of what came after the last confirmed write, that write and all before it are there.
//!
//! A confirmation has reached the disk when its call returns, so a power loss can only take, tear or spoil what the log holds beyond it. The tests
//! note how far the log reached at each confirmation, cut it at every byte from there on, and open what is left as `resume` does.

use certonboard::domain::CustomerCode;
use certonboard::journal::{Journal, RunFolder};
use certonboard::ports::{ActionRecord, ActionState, JournalStore};
use serde_json::json;
use std::path::Path;

const GATE: &str = "certificates";
const WRITES: usize = 10;

fn record(n: usize) -> ActionRecord {
    ActionRecord {
        id: format!("{n:016x}"),
        gate: GATE.to_owned(),
        seq: n as u32,
        customer: Some(CustomerCode::new(format!("C-{n}")).unwrap()),
        what: format!("create certificate {n}"),
        reason: "made up".to_owned(),
        state: ActionState::Planned,
        attempts: 0,
        first_attempt: None,
        result: None,
    }
}

/// The files of the journal as the disk holds them right after a call has returned.
#[derive(Clone, Default, PartialEq)]
struct Disk {
    main: Vec<u8>,
    log: Vec<u8>,
}

fn disk(run: &Path) -> Disk {
    let read = |name: &str| std::fs::read(run.join(name)).unwrap_or_default();
    Disk { main: read("journal.sqlite"), log: read("journal.sqlite-wal") }
}

/// How far the log was written between two looks at it.
fn written_to(before: &Disk, after: &Disk) -> usize {
    let same = |n: &usize| before.log.get(*n) == after.log.get(*n);
    (0..after.log.len()).rev().find(|n| !same(n)).map_or(0, |n| n + 1)
}

/// A run that carries out ten writes; gives the disk after each of the three confirmations that a write has: attempt, halfway, done. `checkpoints`: the log is brought into the main file in between, so
/// that it is written anew from its beginning.
fn history(checkpoints: bool) -> Vec<(Disk, usize)> {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let journal = Journal::open(&RunFolder::create(&run).unwrap()).unwrap();
    let records: Vec<ActionRecord> = (0..WRITES).map(record).collect();
    journal.save_plan(GATE, r#"{"plan":"made up"}"#, &serde_json::Value::Null, records.clone()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = jiff::Timestamp::now;
    let mut disks = vec![(disk(&run), disk(&run).log.len())];
    for (n, record) in records.iter().enumerate() {
        if checkpoints && n == WRITES / 2 {
            let second = rusqlite::Connection::open(run.join("journal.sqlite")).unwrap();
            let busy: i64 = second.query_row("PRAGMA wal_checkpoint(RESTART)", [], |r| r.get(0)).unwrap();
            assert_eq!(busy, 0, "the log could not be brought into the main file");
        }
        for step in 0..3 {
            let before = disk(&run);
            runtime.block_on(async {
                let id = record.id.as_str();
                let made = |linked| json!({ "certificate": n, "linked": linked });
                match step {
                    0 => journal.attempt(GATE, &[id], now()).await.unwrap(),
                    1 => journal.halfway(GATE, id, &made(false), now()).await.unwrap(),
                    _ => journal.done(GATE, &[(id, made(true))], now()).await.unwrap(),
                }
            });
            let after = disk(&run);
            disks.push((after.clone(), written_to(&before, &after)));
        }
    }
    disks
}

/// Opens what a power loss left, and says how many steps are confirmed. Whatever is there must be whole.
fn confirmed(main: &[u8], log: &[u8]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    std::fs::create_dir(&run).unwrap();
    std::fs::write(run.join("journal.sqlite"), main).unwrap();
    std::fs::write(run.join("journal.sqlite-wal"), log).unwrap();
    let journal = Journal::open(&RunFolder::open(&run).unwrap()).unwrap();
    assert!(journal.verify().unwrap().is_ok(), "the chain of hashes is broken");
    let actions = journal.actions(GATE).unwrap();
    assert_eq!(actions.len(), WRITES, "a part of the plan is gone");
    // What a resumed run goes by: that it was sent, that it was made and under which number, that it is done.
    let steps: Vec<usize> = actions
        .iter()
        .map(|a| {
            let made = |linked: bool| Some(json!({ "certificate": a.seq, "linked": linked }));
            match a.state {
                ActionState::Planned => 0,
                ActionState::Attempted if a.result.is_none() => 1,
                ActionState::Attempted if a.result == made(false) => 2,
                ActionState::Done if a.result == made(true) => 3,
                other => panic!("write {} is {other:?} with {:?}", a.seq, a.result),
            }
        })
        .collect();
    let whole = steps.iter().take_while(|s| **s == 3).count();
    assert!(steps[whole..].iter().skip(1).all(|s| *s == 0), "a confirmation is gone while a later one is there: {steps:?}");
    steps.iter().sum()
}

/// Cuts the log behind each confirmation, at every `step`-th byte and at those around the ends of its frames. Gives how many cuts there were.
fn cut_everywhere(history: &[(Disk, usize)], step: usize) -> usize {
    let mut cuts = 0;
    for (n, pair) in history.windows(2).enumerate() {
        let ((_, from), (disk, to)) = (&pair[0], &pair[1]);
        // A log that was begun anew overwrites the old one from its beginning.
        let begin = if to > from { *from } else { 0 };
        let near_a_frame =
            |at: usize| at < 64 || (at - 32).is_multiple_of(4120) || (at - 31).is_multiple_of(4120) || (at - 33).is_multiple_of(4120);
        for at in (begin..=*to).filter(|at| at.is_multiple_of(step) || near_a_frame(*at) || at == to || *at == begin) {
            let found = confirmed(&disk.main, &disk.log[..at]);
            assert!(found >= n, "confirmed were {n} steps, and {found} are left when the log is cut at byte {at} of {to}");
            assert!(at < *to || found == n + 1, "the whole log holds {} confirmations, found {found}", n + 1);
            cuts += 1;
        }
        // Torn: the space is there, and holds something else.
        for spoilt in [0u8, 0x5a] {
            let mut log = disk.log.clone();
            log[begin..].fill(spoilt);
            assert!(confirmed(&disk.main, &log) >= n, "{n} confirmations, and the rest of the log spoilt");
        }
    }
    cuts
}

#[test]
fn a_log_cut_anywhere_keeps_every_confirmed_write() {
    assert!(cut_everywhere(&history(false), 997) > 100);
}

#[test]
fn the_same_when_the_log_was_begun_anew() {
    assert!(cut_everywhere(&history(true), 997) > 100);
}

#[test]
#[ignore = "minutes: make power-loss-test"]
fn a_log_cut_at_every_byte() {
    for checkpoints in [false, true] {
        println!("{} cuts, no confirmed write lost", cut_everywhere(&history(checkpoints), 1));
    }
}
