//! The command line: clap types, resolved once to plain options.
//!
//! Owns: flags, their help, exit codes, and flag over environment over answers file over default.
//! Must not touch: network, prompts, rules.
//! Called by: `main`.

mod args;
mod exit;
mod later;
mod options;

pub use args::{
    AnswersCommand, ApplyArgs, ApproveArgs, CacheArgs, CertcaptureDialect, Cli, Command, CompletionsArgs, ConductArgs, CustomersCommand,
    DoctorArgs, ExplainArgs, ExtractArgs, FaultArgs, LinesFormat, ListArgs, LogArgs, ManArgs, PlanArgs, QueueAccess, ReadingArgs,
    ReportArgs, ReportFormat, ResultFormat, ResumeArgs, ReviewArgs, RunArgs, SandboxCommand, ServeArgs, ServiceName, StatusArgs,
    SummaryArgs, Target, WorkerArgs,
};
pub use exit::Exit;
pub use later::{
    AttributesCommand, CertificatesCommand, ChangeArgs, ChangeAttributesArgs, CheckArgs, DeleteArgs, DownloadArgs, InvitationArgs,
    InvitationsCommand, ListAttributesArgs, ListCertificatesArgs, ListCustomersArgs, ListInvitationsArgs, PrintArgs, PutCustomerArgs,
    RenewArgs, SendArgs, ServiceArgs, ShowCertificateArgs, ShowCustomerArgs, ShowInvitationArgs, TokenArgs, UnlinkArgs, WhichCertificates,
    WhichCustomers, WhoseAttributes,
};
pub use options::{Environment, OptionsError, RunOptions, base_url, jobs, resolve, resolve_list};
