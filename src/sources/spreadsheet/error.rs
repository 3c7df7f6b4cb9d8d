//! Why a spreadsheet can't be read: one line each, naming the file and what to do.

use std::path::PathBuf;

#[derive(Debug, thiserror::Error)]
pub enum SpreadsheetError {
    #[error("{}: no such file; check the path", .0.display())]
    Missing(PathBuf),
    #[error("{}: this is a folder; name the spreadsheet file in it", .0.display())]
    Folder(PathBuf),
    #[error("{}: can't be opened ({reason}); check that you may read it and that it isn't open elsewhere", .path.display())]
    Io { path: PathBuf, reason: String },
    #[error("{}: the file is empty; export the customer list again", .0.display())]
    Empty(PathBuf),
    #[error("{}: {what}; save it as .xlsx or .csv and try again", .path.display())]
    NotASpreadsheet { path: PathBuf, what: String },
    #[error("{}: protected by a password; open it, remove the password and save it again", .0.display())]
    Password(PathBuf),
    #[error("{}: {what}; split the file or save it as .csv", .path.display())]
    TooBig { path: PathBuf, what: String },
    #[error("{}: damaged ({reason}); open it in a spreadsheet program, save it again as .xlsx and try again", .path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("{}: no sheet is named `{wanted}`; {}", .path.display(), sheet_hint(.nearest.as_deref(), .sheets))]
    UnknownSheet { path: PathBuf, wanted: String, nearest: Option<String>, sheets: Vec<String> },
}

fn sheet_hint(nearest: Option<&str>, sheets: &[String]) -> String {
    match nearest {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("the sheets are {}", sheets.iter().map(|s| format!("`{s}`")).collect::<Vec<_>>().join(", ")),
    }
}

impl SpreadsheetError {
    /// A text from another crate as part of one line.
    pub(super) fn one_line(text: impl std::fmt::Display) -> String {
        let flat = text.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
        flat.chars().filter(|c| !c.is_control()).take(200).collect()
    }
}
