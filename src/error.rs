//! The error at the edge: kind, text, hint, exit code. The pure modules have their own small errors and don't use this one.

use crate::cli::{Exit, OptionsError};
use crate::journal::RunFolderError;
use crate::ports::{AskError, JournalError, OcrError, ServiceError, ServiceErrorKind};
use crate::wizard::WizardError;

/// What is told when the program can't go on.
#[derive(Debug)]
pub struct Fault {
    pub exit: Exit,
    /// One line: what, where, why.
    pub text: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl Fault {
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), hint: None }
    }

    pub fn input(text: impl Into<String>) -> Self {
        Self::new(Exit::Input, text)
    }

    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        let exit = match error.kind {
            ServiceErrorKind::Unauthorized | ServiceErrorKind::Forbidden | ServiceErrorKind::NotProvisioned => Exit::Refused,
            _ => Exit::Failed,
        };
        Self { exit, text: error.to_string(), hint: error.hint }
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self::new(Exit::Failed, error.to_string())
    }
}

impl From<RunFolderError> for Fault {
    fn from(error: RunFolderError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<OptionsError> for Fault {
    fn from(error: OptionsError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<OcrError> for Fault {
    fn from(error: OcrError) -> Self {
        match &error {
            OcrError::NotInstalled(_) => Self::input(error.to_string()),
            OcrError::Failed(_) => Self::new(Exit::Failed, error.to_string()),
        }
    }
}

impl From<WizardError> for Fault {
    fn from(error: WizardError) -> Self {
        match error {
            WizardError::Service(error) => error.into(),
            WizardError::Journal(error) => error.into(),
            WizardError::Ocr(error) => error.into(),
            WizardError::Input(text) => Self::input(text),
            WizardError::Interrupted => Self::new(Exit::Interrupted, "interrupted"),
            WizardError::Declined(text) => Self::new(Exit::Declined, text),
            WizardError::Ask(error) => {
                let hint = match &error {
                    AskError::Unanswered { example, .. } | AskError::Invalid { example, .. } => {
                        Some(format!("put it into the answers file, for example: {example}"))
                    }
                    AskError::Interrupted { .. } | AskError::Terminal(_) => None,
                };
                Self { exit: Exit::Input, text: error.to_string(), hint }
            }
        }
    }
}
