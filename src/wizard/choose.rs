//! Step 4: upload what is there, invite the rest, both, or neither.

use super::asking::{choice, example, recommend};
use super::{WizardError, World};
use crate::domain::{Customer, counted};
use crate::ports::{Question, QuestionKind};
use std::path::Path;

/// What was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NextAction {
    Both,
    Upload,
    Invite,
    Neither,
}

impl NextAction {
    pub(super) fn uploads(self) -> bool {
        matches!(self, NextAction::Both | NextAction::Upload)
    }
    pub(super) fn invites(self) -> bool {
        matches!(self, NextAction::Both | NextAction::Invite)
    }
}

pub(super) fn run(world: &mut World<'_>, customers: &[Customer]) -> Result<NextAction, WizardError> {
    let exempt: Vec<&Customer> = customers.iter().filter(|c| c.is_exempt()).collect();
    let with_email = exempt.iter().filter(|c| c.contact.email.is_some()).count();
    // A look into the folder that was named; nothing is read yet.
    let folder = world.ask.supplied("certificates.folder").and_then(|v| v.as_str()).map(str::to_owned);
    let files = folder.as_deref().and_then(|f| world.scans.list(Path::new(f)).ok()).map(|l| l.files.len());

    let mut reasons = Vec::new();
    if let (Some(folder), Some(n)) = (&folder, files) {
        reasons.push(format!("{folder} holds {}", counted(n, "file", "files")));
    }
    reasons.push(format!("{} of {} customers are exempt", exempt.len(), customers.len()));
    reasons.push(format!("{with_email} of them have an e-mail address"));
    let best = match (files, exempt.len()) {
        (_, 0) => "neither",
        (Some(0), _) => "invite",
        _ => "both",
    };
    let question = Question {
        key: "action".to_owned(),
        text: "What should be done for the exempt customers?".to_owned(),
        meaning: "whether to upload the certificates that are there, send invitations to the rest, both, or neither".to_owned(),
        example: example("action", "both"),
        kind: QuestionKind::Choice(vec![
            choice("both", "Both: upload the certificates that are there, then invite the rest"),
            choice("upload", "Upload existing certificates"),
            choice("invite", "Send invitations"),
            choice("neither", "Neither: only the customers were wanted"),
        ]),
        default: None,
        recommended: Some(recommend(best, reasons)),
        required: true,
    };
    Ok(match world.ask.text(&question)?.as_str() {
        "both" => NextAction::Both,
        "upload" => NextAction::Upload,
        "invite" => NextAction::Invite,
        _ => NextAction::Neither,
    })
}
