//! A stream that refuses to hand out one endless value.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Counts what was read since the last value ended, so that a value without an end can't fill the memory.
pub(super) struct Bounded<R> {
    input: R,
    since: Since,
    most: u64,
}

/// Bytes since the last value ended; set to 0 by whoever sees values end.
#[derive(Clone, Default)]
pub(super) struct Since(Rc<Cell<u64>>);

impl Since {
    pub(super) fn reset(&self) {
        self.0.set(0);
    }
}

const ENDLESS: &str = "a single value is longer than is read";

/// Whether this error came from a bound.
pub(super) fn is_endless(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.to_string() == ENDLESS)
}

impl<R: Read> Bounded<R> {
    pub(super) fn new(input: R, most: u64) -> (Self, Since) {
        let since = Since::default();
        (Self { input, since: since.clone(), most }, since)
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.since.0.get() > self.most {
            return Err(io::Error::other(ENDLESS));
        }
        let n = self.input.read(out)?;
        self.since.0.set(self.since.0.get().saturating_add(n as u64));
        Ok(n)
    }
}
