//! Before step 1: where do the customers go? And, for runs without a person, is everything answered that will be asked?

use super::asking::{choice, example, recommend};
use super::{Asker, WizardError};
use crate::ports::{AskError, Question, QuestionKind, ScanFolder, beside};
use serde_json::Value;
use std::path::Path;

pub const AVATAX_SANDBOX: &str = "https://sandbox-rest.avatax.com";
pub const AVATAX_PRODUCTION: &str = "https://rest.avatax.com";

/// Where to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Connection {
    /// The practice service on this machine.
    Practice,
    Url(String),
}

pub fn ask(ask: &mut Asker<'_>) -> Result<Connection, WizardError> {
    if let Some(url) = ask.supplied("service.base_url").and_then(Value::as_str) {
        return Ok(Connection::Url(url.to_owned()));
    }
    let question = Question {
        key: "service.where".to_owned(),
        text: "Where should the customers go?".to_owned(),
        meaning: "the service: the practice service on this machine, Avalara's sandbox, or production".to_owned(),
        example: example("service.where", "practice"),
        kind: QuestionKind::Choice(vec![
            choice("practice", "Practice: a stand-in on this machine, no account needed"),
            choice("avatax-sandbox", "Avalara's sandbox (sandbox-rest.avatax.com)"),
            choice("avatax-production", "Avalara production (rest.avatax.com)"),
        ]),
        default: None,
        recommended: Some(recommend("practice", ["it shows everything and reaches nobody".to_owned()])),
        required: true,
    };
    Ok(match ask.text(&question)?.as_str() {
        "avatax-sandbox" => Connection::Url(AVATAX_SANDBOX.to_owned()),
        "avatax-production" => Connection::Url(AVATAX_PRODUCTION.to_owned()),
        _ => Connection::Practice,
    })
}

/// Looks at what was supplied before anything is written: a folder that is not there, or a question that nobody will answer, must not be
/// found out halfway through a run.
pub fn check_supplied(ask: &Asker<'_>, scans: &dyn ScanFolder) -> Result<(), WizardError> {
    let text = |key: &str| ask.supplied(key).and_then(Value::as_str);
    let action = text("action").unwrap_or("both");
    if let Some(file) = text("customers.file")
        && !Path::new(file).is_file()
    {
        return Err(WizardError::Input(match Path::new(file).is_dir() {
            true => format!("{file}: this is a folder; name the spreadsheet file in it"),
            false => format!("{file}: there is no such customer spreadsheet; check --customers or customers.file{}", beside(file, false)),
        }));
    }
    let uploads = matches!(action, "both" | "upload");
    if let Some(folder) = text("certificates.folder").filter(|_| uploads) {
        if !Path::new(folder).is_dir() {
            return Err(WizardError::Input(format!(
                "{folder}: there is no such folder of certificates; check --certificates or certificates.folder{}",
                beside(folder, true)
            )));
        }
        scans.list(Path::new(folder))?;
    }
    if ask.is_interactive() {
        return Ok(());
    }
    let mut needed = vec![("customers.file", "the spreadsheet that the merchant's ERP exported", "customers.xlsx")];
    if !ask.yes {
        needed.push(("sync.confirm", "whether to send the customers to the service", "true"));
        needed.push(("action", "what to do for the exempt customers", "both"));
        needed.push(("customers.columns_ok", "whether the columns were recognised rightly", "true"));
    }
    if uploads {
        needed.push(("certificates.folder", "the folder that holds the scanned certificates", "certificates"));
        if !ask.yes {
            needed.push(("create.confirm", "whether to create and link the accepted certificates", "true"));
        }
    }
    if matches!(action, "both" | "invite") && !ask.yes {
        needed.push(("invitations.confirm", "whether to send invitations", "true"));
    }
    let unanswered = |key: &str| -> Result<bool, WizardError> { Ok(ask.supplied(key).is_none() && ask.journal.answer(key)?.is_none()) };
    let mut missing = Vec::new();
    for (key, meaning, value) in needed {
        if unanswered(key)? {
            missing.push((key, meaning, value));
        }
    }
    match missing.as_slice() {
        [] => Ok(()),
        [(key, meaning, value)] => Err(WizardError::Ask(AskError::Unanswered {
            key: (*key).to_owned(),
            meaning: (*meaning).to_owned(),
            example: example(key, value),
        })),
        several => {
            let list: Vec<String> =
                several.iter().map(|(key, meaning, value)| format!("`{key}` ({meaning}; for example {})", example(key, value))).collect();
            Err(WizardError::Input(format!("these questions have no answer: {}", list.join(", "))))
        }
    }
}
