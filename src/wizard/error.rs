//! Why the wizard stopped before its end.

use crate::apply::Stopped;
use crate::ports::{AskError, JournalError, OcrError, QueueError, ServiceError, Unreadable};

#[derive(Debug, thiserror::Error)]
pub enum WizardError {
    #[error(transparent)]
    Ask(AskError),
    /// Something the user gave can't be used; the text names it and what to do.
    #[error("{0}")]
    Input(String),
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// Nobody answers at the service's address; nothing was sent yet.
    #[error(transparent)]
    Unreachable(ServiceError),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Ocr(#[from] OcrError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("interrupted")]
    Interrupted,
    /// The user said no to something without which the run can't go on.
    #[error("{0}")]
    Declined(String),
}

impl From<AskError> for WizardError {
    fn from(error: AskError) -> Self {
        match error {
            AskError::Interrupted { .. } => Self::Interrupted,
            other => Self::Ask(other),
        }
    }
}

impl From<Unreadable> for WizardError {
    fn from(error: Unreadable) -> Self {
        Self::Input(error.reason)
    }
}

impl From<Stopped> for WizardError {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => Self::Interrupted,
            Stopped::Service(error) => Self::Service(error),
            Stopped::Journal(error) => Self::Journal(error),
        }
    }
}
