//! Keeps a decoder's panic away from the program and from the terminal.
//!
//! Owns: running code of others on bytes of others.
//! Must not touch: what the code does.
//! Called by: the scan readers, around every decoder.

use super::unreadable;
use crate::ports::Unreadable;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Deeply nested files make decoders recurse; the stack is reserved, not used, until they do.
const STACK: usize = 64 << 20;

/// Raised with `resume_unwind`, which calls no hook, to leave a decoder that has been given too much work.
pub struct TooMuch;

/// Runs a decoder. A panic becomes an `Unreadable` that names `what`, and prints nothing.
pub fn guarded<T>(what: &str, run: impl FnOnce() -> Result<T, Unreadable>) -> Result<T, Unreadable> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let was = QUIET.replace(true);
    // Whatever the decoder left half done is dropped with its own values.
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(was);
    result.unwrap_or_else(|cause| {
        Err(match cause.is::<TooMuch>() {
            true => unreadable(format!("{what} asks for more work than any paper does; print it to a new PDF and use that")),
            false => unreadable(format!("{what} is damaged in a way the reader does not survive; print or scan it again")),
        })
    })
}

/// As `guarded`, on a thread of its own with a deep stack.
pub fn guarded_deep<T: Send>(what: &str, run: impl FnOnce() -> Result<T, Unreadable> + Send) -> Result<T, Unreadable> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || guarded(what, run));
        match thread.map(|t| t.join()) {
            Ok(Ok(result)) => result,
            // The thread's own guard has caught every panic of the decoder.
            Ok(Err(_)) => Err(unreadable(format!("{what} could not be read"))),
            Err(why) => {
                Err(unreadable(format!("{what} could not be read: no thread could be started ({why}); close other programs and try again")))
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_a_reason() {
        let shallow: Result<(), _> = guarded("the file", || panic!("index out of bounds"));
        assert!(shallow.unwrap_err().reason.contains("the file is damaged"));
        let deep: Result<(), _> = guarded_deep("the page", || std::panic::resume_unwind(Box::new(TooMuch)));
        assert!(deep.unwrap_err().reason.contains("more work"));
    }
}
