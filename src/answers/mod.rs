//! The answers file: YAML with a key for every question.
//!
//! Owns: the file's shape, its schema and template, loading it (unknown keys refused, all errors at once) and writing one from a run.
//! Must not touch: prompting, deciding.
//! Called by: `main`.

mod load;
mod model;
mod template;

pub use load::{AnswersError, load, parse};
pub use model::{Answers, Contradictions, schema};
pub use template::{from_run, template, with_answers};
