//! Document and customers to a decision with reasons: block, compare, score, decide, explain.
//!
//! Owns: which customer a document belongs to, and whether that is sure. A wrong link exempts the wrong buyer, so a decision is sure only
//! on two independent agreements and a clear lead; else a human looks.
//! Must not touch: files, network, prompts, the certificate readers.
//! Called by: the wizard and `extract`.

mod block;
mod compare;
mod decide;
mod explain;
mod normal;
mod score;
mod search;

pub use block::Index;
pub use decide::Fit;
