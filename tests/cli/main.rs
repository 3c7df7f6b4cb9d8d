//! The built binary, from outside: over the command line, over HTTP, through a pseudo-terminal, killed in the middle.

mod answers_reference;
mod architecture;
mod bad_input;
mod bed;
mod browser;
mod certcapture;
mod commands;
mod customers;
mod docs;
mod golden;
mod kill;
mod later;
mod log;
mod main_job;
mod mcp;
mod plan;
mod queue;
mod report;
mod resume;
mod review;
mod wizard;
