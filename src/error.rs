//! The error at the edge: kind, text, hint, exit code. The pure modules have their own small errors and don't use this one.

use crate::cli::{Exit, OptionsError};
use crate::journal::RunFolderError;
use crate::ports::{AskError, JournalError, OcrError, QueueError, ServiceError, ServiceErrorKind};
use crate::wizard::WizardError;

/// What is told when the program can't go on.
#[derive(Debug)]
pub struct Fault {
    pub exit: Exit,
    /// One line: what, where, why.
    pub text: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The line that goes on with the run; told last.
    pub go_on: Option<String>,
    /// What lies behind it, from near to far; told with `-v`.
    pub causes: Vec<String>,
}

/// What an error says of its causes beyond its own text.
fn causes(error: &dyn std::error::Error) -> Vec<String> {
    let told = error.to_string();
    std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).filter(|cause| !told.contains(cause)).collect()
}

impl Fault {
    pub fn new(exit: Exit, text: impl Into<String>) -> Self {
        Self { exit, text: text.into(), hint: None, go_on: None, causes: Vec::new() }
    }

    pub fn input(text: impl Into<String>) -> Self {
        Self::new(Exit::Input, text)
    }

    /// Nothing was sent yet, so an address that can't be reached is a matter of input, not of a failed run.
    pub fn unreachable(error: ServiceError) -> Self {
        Self { exit: Exit::Input, ..error.into() }
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
        let number = error.number.map(|n| format!(", error number {n} of the service")).unwrap_or_default();
        let causes = vec![format!("call {}{number}; certonboard counts it as {:?}", error.call, error.kind)];
        Self { causes, hint: error.hint.clone(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        Self { causes: causes(&error), ..Self::new(Exit::Failed, error.to_string()) }
    }
}

impl From<RunFolderError> for Fault {
    fn from(error: RunFolderError) -> Self {
        Self { causes: causes(&error), ..Self::input(error.to_string()) }
    }
}

impl From<OptionsError> for Fault {
    fn from(error: OptionsError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<OcrError> for Fault {
    fn from(error: OcrError) -> Self {
        let exit = match &error {
            OcrError::NotInstalled(_) => Exit::Input,
            OcrError::Failed(_) => Exit::Failed,
        };
        Self { causes: causes(&error), ..Self::new(exit, error.to_string()) }
    }
}

impl From<QueueError> for Fault {
    fn from(error: QueueError) -> Self {
        Self::input(error.to_string())
    }
}

impl From<WizardError> for Fault {
    fn from(error: WizardError) -> Self {
        match error {
            WizardError::Service(error) => error.into(),
            WizardError::Unreachable(error) => Self::unreachable(error),
            WizardError::Journal(error) => error.into(),
            WizardError::Ocr(error) => error.into(),
            WizardError::Queue(error) => error.into(),
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
                Self { hint, causes: causes(&error), ..Self::input(error.to_string()) }
            }
        }
    }
}
