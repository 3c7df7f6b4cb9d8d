//! Exit codes. One list, mapped in one place.

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Done = 0,
    Failed = 1,
    /// Wrong usage or input; nothing was written.
    Input = 2,
    /// Done, but something waits for a person.
    Waiting = 3,
    /// Declined or stopped by the user.
    Declined = 4,
    /// Refused by the service: credentials, permission, not provisioned.
    Refused = 5,
    Interrupted = 130,
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
