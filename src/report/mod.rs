//! From the journal to what people read.
//!
//! Owns: the report's model, the HTML page, the PDF of the record, the JSON, the merchant's workbook, the summary on the terminal, the workbook of data problems.
//! Must not touch: the service; recomputing anything the run decided.
//! Called by: `main`, at the end of a run.

mod data;
mod gallery;
mod html;
mod model;
mod pdf;
mod problems;
mod text;
mod workbook;

pub use data::{Data, schema};
pub use gallery::{Gallery, LARGE, MOST_PICTURES, Picture, SMALL, jpeg, shown_pages};
pub use html::html;
pub use model::{Figures, Model};
pub use pdf::{Audit, PdfError, pdf};
pub use problems::{Problems, ProblemsError, ProblemsFile, kind, problems, word};
pub use text::summary;
pub use workbook::{WorkbookError, workbook};
