//! What a sandbox is started with.
//!
//! Owns: the options and their defaults. Must not touch: the store, the network.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::faults::Faults;

/// How a sandbox behaves. `Default` is a provisioned company in memory on a free loopback port.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Port 0 takes any free port.
    pub listen: SocketAddr,
    /// The SQLite file that keeps the state; `None` keeps it in memory.
    pub data: Option<PathBuf>,
    pub account_id: String,
    pub license_key: String,
    /// A user that may sign in besides the account's license key.
    pub user: Option<(String, String)>,
    /// A bearer token that is accepted.
    pub bearer_token: Option<String>,
    pub role: Role,
    pub company_id: i64,
    pub company_code: String,
    pub company_name: String,
    /// Whether certificate storage is set up from the start. A data file that already knows the company keeps its state.
    pub provisioned: bool,
    /// How many looks at the setup say `InProgress` after it was requested.
    pub provisioning_polls: u32,
    /// How many looks at an invitation find it unfinished after it was made.
    pub invitation_polls: u32,
    /// How many questions for a customer's exemption come too early after a certificate was made.
    pub certificate_polls: u32,
    /// The day used to decide what has expired; `None` is the system's day in UTC.
    pub today: Option<jiff::civil::Date>,
    /// The largest request body, in bytes.
    pub max_body: usize,
    pub quirks: Quirks,
    pub faults: Faults,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        SandboxOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data: None,
            account_id: "2000000000".to_owned(),
            license_key: "SANDBOX".to_owned(),
            user: None,
            bearer_token: None,
            role: Role::CompanyAdmin,
            company_id: 12345,
            company_code: "DEFAULT".to_owned(),
            company_name: "Default Company".to_owned(),
            provisioned: true,
            provisioning_polls: 1,
            invitation_polls: 1,
            certificate_polls: 0,
            today: None,
            max_body: 64 * 1024 * 1024,
            quirks: Quirks::default(),
            faults: Faults::default(),
        }
    }
}

/// Leaves out the credentials, so that options can be logged.
impl fmt::Debug for SandboxOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxOptions")
            .field("listen", &self.listen)
            .field("data", &self.data)
            .field("role", &self.role)
            .field("company_id", &self.company_id)
            .field("company_code", &self.company_code)
            .field("provisioned", &self.provisioned)
            .field("today", &self.today)
            .field("quirks", &self.quirks)
            .field("faults", &self.faults)
            .finish_non_exhaustive()
    }
}

/// What the signed-in user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// Everything.
    #[default]
    CompanyAdmin,
    /// Everything but making certificates: the service asks for an admin-class role there.
    CompanyUser,
    /// Reading only.
    ReadOnly,
}

/// Behaviours that were reported but not documented. Each is off by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Quirks {
    /// A certificate sent with `pages` and an explicit `"pdf": null` is refused as a bad PDF.
    pub strict_null_files: bool,
    /// A certificate that is linked to customers cannot be deleted.
    pub delete_needs_unlink: bool,
    /// `%2F` in a path is refused before it reaches the service, as many gateways do.
    pub encoded_slash_refused: bool,
    /// A second invitation is refused while the first is still open for the same customer.
    pub second_invitation_refused: bool,
}
