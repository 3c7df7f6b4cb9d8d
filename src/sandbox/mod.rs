//! An embedded stand-in for the exemption part of AvaTax REST v2, and for CertCapture REST v2 on the same store.
//!
//! It is a real HTTP/1.1 server on its own types and its own SQLite store, so that the program can be tried, tested and
//! interrupted without an account. Everything it answers follows from what was sent to it before: there are no canned replies.
//!
//! Owns: the published paths and shapes, the service's rules and error numbers, the stored data, fault injection.
//! Must not touch: any other module of this crate. A type shared with the client would let both sides agree on the same mistake.
//! Called by: `main` (the `sandbox serve` command and the `--sandbox` switch) and the tests.

mod attributes;
mod auth;
mod certcapture;
mod certificates;
mod clock;
mod companies;
mod customers;
mod definitions;
mod documents;
mod errors;
mod faults;
mod filter;
mod invitations;
mod links;
mod listing;
mod options;
mod paging;
mod places;
mod routes;
mod server;
mod store;
mod tokens;
mod wire;

pub use faults::Faults;
pub use options::{Quirks, Role, SandboxOptions};
pub use server::{Sandbox, SandboxError, start};
