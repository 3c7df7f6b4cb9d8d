//! The run's durable record: one SQLite file in the run's folder. Beside it, what was read, kept for later runs.
//!
//! Owns: intents, attempts and confirmations of every write; answers, finished steps, documents read, calls made; the chain of hashes over
//! all of it; the lock that keeps a second process out.
//! Must not touch: any decision. It keeps what it is told.
//! Called by: `main`, which opens it; everything else sees the `JournalStore` and `AuditTrail` ports.

mod folder;
mod readings;
mod schema;
mod store;
mod writer;

pub use folder::{DEFAULT_PARENT, RunFolder, RunFolderError, find_run, list_runs, private_folder, write_private};
pub use readings::Readings;
pub use store::Journal;
