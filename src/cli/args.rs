//! The clap types. Their doc comments are the help texts.

use super::later::{
    AttributesCommand, CertificatesCommand, CheckArgs, InvitationsCommand, ListCustomersArgs, PutCustomerArgs, RenewArgs, ShowCustomerArgs,
    TokenArgs,
};
use crate::answers::Contradictions;
use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::civil::Date;
use std::net::SocketAddr;
use std::path::PathBuf;

pub(super) const CODES: &str = "Exit codes: 0 done; 1 failed; 2 wrong usage or input; 3 done, but something waits for a person; 4 declined or stopped by the user; \
5 refused by the service; 130 interrupted.";

/// Bring a merchant's customers and exemption certificates onto Avalara, guided.
///
/// Reads the merchant's customer spreadsheet, says how many customers are exempt, syncs them after a yes, reads a folder of certificate scans,
/// creates the certificates and links each to its customer, and invites every exempt customer still without one. With no command it is
/// `certonboard run`.
#[derive(Debug, Parser)]
#[command(name = "certonboard", version, args_conflicts_with_subcommands = true, max_term_width = 110)]
#[command(after_help = format!("Examples:\n  certonboard\n  certonboard run --sandbox --customers customers.xlsx --certificates scans/\n  certonboard extract scans/ --customers customers.xlsx --merchant \"Blue Heron Supply Co.\"\n\n{CODES}"))]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub run: RunArgs,
    #[command(flatten)]
    pub log: LogArgs,
}

/// What is told beside the results.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Log")]
pub struct LogArgs {
    /// Append a log to a file, one JSON object a line: steps, and every call with its correlation id and round-trip time. No names, no secrets.
    #[arg(long, value_name = "FILE", global = true)]
    pub log: Option<PathBuf>,
    /// Tell the same on stderr.
    #[arg(long, short, global = true)]
    pub verbose: bool,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// The guided onboarding, from the spreadsheet to the invitations.
    ///
    /// Every step says what it found and asks before it writes. Each question has a key in the answers file, so that the same run can be made
    /// with no question asked.
    #[command(after_help = format!("Examples:\n  certonboard run\n  certonboard run --sandbox --dry-run --customers customers.xlsx --certificates scans/\n  certonboard run --customers customers.csv --mapping erp.yaml\n  certonboard run --non-interactive --answers answers.yaml\n  certonboard run --non-interactive --yes --customers customers.xlsx --certificates scans/ --merchant \"Blue Heron Supply Co.\" --company DEFAULT\n\n{CODES}"))]
    Run(Box<RunArgs>),
    /// Go on with a run that was stopped.
    ///
    /// What was answered is not asked again, what was read is not read again, and what was written is not written again; a write whose answer
    /// was lost is looked up before anything is sent.
    #[command(after_help = format!("Example:\n  certonboard resume 20261120-101500-3f9a\n\n{CODES}"))]
    Resume(Box<ResumeArgs>),
    /// Read and decide everything and write the plan to a file: every write with its reason, and what it rests on. Writes nothing to the service.
    #[command(
        after_help = format!("Examples:\n  certonboard plan --customers customers.xlsx --certificates scans/ --answers answers.yaml -o plan.json\n  certonboard plan --sandbox --non-interactive --answers answers.yaml -o plan.json --format json\n  certonboard apply plan.json\n\n{CODES}")
    )]
    Plan(Box<PlanArgs>),
    /// Carry out exactly the plan in a file, or refuse: when the plan, a file it was made from or the service's records have changed.
    #[command(after_help = format!("Examples:\n  certonboard apply plan.json\n  certonboard apply plan.json --yes --non-interactive\n\n{CODES}"))]
    Apply(Box<ApplyArgs>),
    /// Approve a plan in this terminal, for an assistant that can't ask its person.
    ///
    /// Shows the plan and asks for its fingerprint. The yes counts once, for this plan, for a day.
    #[command(
        after_help = "Example:\n  certonboard approve plan.json\n\nExit codes: 0 approved; 2 wrong usage or input, or no person at a terminal; 4 not approved."
    )]
    Approve(Box<ApproveArgs>),
    /// Serve an AI assistant by the Model Context Protocol, over stdin and stdout; docs/agents.md says how to set it up.
    ///
    /// The assistant reads, plans and reports; every write is approved by a person.
    #[command(after_help = "Example:\n  certonboard mcp")]
    Mcp,
    /// Read certificate scans and print what they say, one JSON line each. No network.
    #[command(
        after_help = "Examples:\n  certonboard extract scans/ --format jsonl > certificates.jsonl\n  certonboard extract scans/ --customers customers.xlsx --merchant \"Blue Heron Supply Co.\" --today 2026-11-20\n  certonboard extract scans/ --customers customers.csv --column customer_code=\"Acct #\"\n\nThe lines come in the order of the files, while later files are still being read."
    )]
    Extract(Box<ExtractArgs>),
    /// Read scans for runs on other machines, as they come by a NATS queue. Needs no credentials of the service, and writes nothing to the disk.
    ///
    /// Waits for the queue, and goes on until it is stopped: the first Ctrl-C (or SIGTERM) ends it after the files it is reading, the second at
    /// once; another worker then reads those.
    #[command(
        after_help = "Examples:\n  certonboard worker --queue nats://queue:4222\n  certonboard worker --queue tls://queue:4222 --queue-credentials worker.creds --jobs 8\n\nExit codes: 0 stopped; 2 wrong usage, or the queue does not let it in."
    )]
    Worker(Box<WorkerArgs>),
    /// Why a paper of a run was accepted, put to review or rejected: what was read, which customer, every rule with what was seen and its
    /// source.
    #[command(
        after_help = "Examples:\n  certonboard explain 20261120-101500-3f9a scan0007.pdf\n  certonboard explain 20261120-101500-3f9a \"scan0007.pdf#3-4\" --format json\n  certonboard explain 20261120-101500-3f9a > decisions.txt"
    )]
    Explain(Box<ExplainArgs>),
    /// How far a run has come, and its record; without a run, all runs here.
    #[command(
        after_help = "Examples:\n  certonboard status\n  certonboard status 20261120-101500-3f9a\n  certonboard status 20261120-101500-3f9a --verify\n  certonboard status 20261120-101500-3f9a --format json > record.json\n\nExit codes: 0 all is well; 1 the record was changed after it was written (--verify); 2 wrong usage or input; 3 something is still open."
    )]
    Status(Box<StatusArgs>),
    /// Write the report of a run: as a page, as the merchant's workbook, or as JSON for other programs.
    #[command(
        after_help = "Examples:\n  certonboard report 20261120-101500-3f9a\n  certonboard report 20261120-101500-3f9a --format xlsx -o report.xlsx\n  certonboard report 20261120-101500-3f9a --format json > report.json\n  certonboard report --schema > report.schema.json"
    )]
    Report(Box<ReportArgs>),
    /// Decide about the papers that the program could not settle, in a browser page of this machine.
    ///
    /// Each paper is shown with what was read and where, the customers it may belong to and what the rules say. Decisions are kept at once, with who
    /// and when; `certonboard resume` then carries them out. Nothing is written to the service here.
    #[command(
        after_help = "Examples:\n  certonboard review 20261120-101500-3f9a\n  certonboard review 20261120-101500-3f9a --terminal\n  certonboard review 20261120-101500-3f9a --port 8123 --reviewer \"Ann Lee\"\n\nExit codes: 0 everything is decided; 3 papers are still open; 2 wrong usage or input."
    )]
    Review(Box<ReviewArgs>),
    /// Customers: the merchant's list by itself, and those of the service.
    Customers {
        #[command(subcommand)]
        command: CustomersCommand,
    },
    /// Certificates of the service: list, show, download, print, unlink, delete.
    Certificates {
        #[command(subcommand)]
        command: CertificatesCommand,
    },
    /// Invitations: send, list, show.
    Invitations {
        #[command(subcommand)]
        command: InvitationsCommand,
    },
    /// Test the connection: credentials, company, certificate storage, lists.
    #[command(
        after_help = "Examples:\n  certonboard check\n  certonboard check --service certcapture --certcapture-dialect guide --company 99 --format json\n\nExit codes: 0 ready; 1 no answer from the service; 2 wrong usage or address; 3 the company has no certificate storage yet; 5 refused by the service."
    )]
    Check(Box<CheckArgs>),
    /// Ask for new certificates where they end soon or have ended, never twice within the window.
    #[command(after_help = format!("Examples:\n  certonboard renew --expiring 60d --dry-run\n  certonboard renew --expiring 8w --state TX --yes\n\n{CODES}"))]
    Renew(Box<RenewArgs>),
    /// Attributes of customers and certificates.
    Attributes {
        #[command(subcommand)]
        command: AttributesCommand,
    },
    /// Make a token with which one customer can send in a certificate on the merchant's own pages.
    #[command(after_help = "Example:\n  certonboard ecommerce-token C1021")]
    EcommerceToken(Box<TokenArgs>),
    /// Say what is installed, what is missing and how to install it, and which credentials are found.
    #[command(
        after_help = "Examples:\n  certonboard doctor\n  certonboard doctor --format json\n\nExit codes: 0 ready; 3 something is missing."
    )]
    Doctor(Box<DoctorArgs>),
    /// Print the completions for a shell.
    #[command(
        after_help = "Examples:\n  certonboard completions bash > /etc/bash_completion.d/certonboard\n  certonboard completions zsh > ~/.zfunc/_certonboard"
    )]
    Completions(CompletionsArgs),
    /// Write the man pages, one for each command.
    #[command(after_help = "Example:\n  certonboard man --to man/")]
    Man(ManArgs),
    /// Make an answers file, or print its schema.
    Answers {
        #[command(subcommand)]
        command: AnswersCommand,
    },
    /// The practice service: an AvaTax stand-in on this machine.
    Sandbox {
        #[command(subcommand)]
        command: SandboxCommand,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServiceName {
    Avatax,
    Certcapture,
}

/// Which of the two published ways CertCapture is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CertcaptureDialect {
    /// As its OpenAPI description says: JSON.
    Openapi,
    /// As Avalara's own guide says: forms, a client id, many customers for each certificate.
    Guide,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ResultFormat {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum LinesFormat {
    /// One JSON object a line.
    #[default]
    Jsonl,
}

/// Where the customers go.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    /// The service's kind.
    #[arg(long, value_enum, value_name = "KIND")]
    pub service: Option<ServiceName>,
    /// How CertCapture is spoken to; openapi when left out.
    #[arg(long, value_enum, value_name = "DIALECT")]
    pub certcapture_dialect: Option<CertcaptureDialect>,
    /// Address of the service; https only, except on this machine.
    #[arg(long, value_name = "URL", env = "AVATAX_BASE_URL")]
    pub base_url: Option<String>,
    /// The company's code in the service; for CertCapture's guide the client id.
    #[arg(long, value_name = "CODE", env = "AVATAX_COMPANY_CODE")]
    pub company: Option<String>,
    /// How long to wait for one answer, upload included.
    #[arg(long, value_name = "SECONDS", env = "CERTONBOARD_TIMEOUT", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: Option<u64>,
    /// Use the built-in practice service: no account needed, nothing leaves this machine. Beats --base-url.
    #[arg(long)]
    pub sandbox: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct RunArgs {
    /// The merchant's customer spreadsheet.
    #[arg(long, value_name = "FILE")]
    pub customers: Option<PathBuf>,
    /// The folder of certificate scans.
    #[arg(long, value_name = "DIR")]
    pub certificates: Option<PathBuf>,
    /// The merchant's name, as certificates name the seller.
    #[arg(long, value_name = "NAME")]
    pub merchant: Option<String>,
    #[command(flatten)]
    pub target: Target,
    /// Read and decide everything, show and save the plan, write nothing to the service.
    #[arg(long)]
    pub dry_run: bool,
    #[command(flatten)]
    pub list: ListArgs,
    /// Write the columns of this run's customer list to a file, for `--mapping`.
    #[arg(long, value_name = "FILE")]
    pub save_mapping: Option<PathBuf>,
    /// The folder for this run's journal and report.
    ///
    /// Default: a new one in certonboard-runs/.
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// The day that every decision uses.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<Date>,
    #[command(flatten)]
    pub conduct: ConductArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// The plan's file.
    #[arg(long, short, value_name = "FILE", default_value = "plan.json")]
    pub out: PathBuf,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ApplyArgs {
    /// A file that `certonboard plan` wrote.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
    /// Refuse every plan but the one with this fingerprint; its first digits are enough.
    #[arg(long, value_name = "HEX")]
    pub fingerprint: Option<String>,
    /// The folder for this run's journal and report.
    ///
    /// Default: a new one in certonboard-runs/.
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    #[command(flatten)]
    pub conduct: ConductArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ApproveArgs {
    /// A file that `certonboard plan` wrote.
    #[arg(value_name = "PLAN")]
    pub plan: PathBuf,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ResumeArgs {
    /// The run's name below certonboard-runs/, or its folder.
    #[arg(value_name = "RUN")]
    pub run: String,
    #[command(flatten)]
    pub conduct: ConductArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// The run's name below certonboard-runs/, or its folder.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// The scan's file as the run names it, or one paper of it: `scan0007.pdf#3-4`.
    ///
    /// Default: all papers of the run.
    #[arg(value_name = "DOCUMENT")]
    pub document: Option<String>,
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help = "How to print it")]
    pub format: ResultFormat,
}

#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help = "How to print it")]
    pub format: ResultFormat,
}

#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// The folder to write them in.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub to: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub struct StatusArgs {
    /// The run's name below certonboard-runs/, or its folder.
    ///
    /// Default: list the runs.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Check the chain of hashes over the run's record.
    #[arg(long, requires = "run")]
    pub verify: bool,
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", help = "How to print it; json is the whole run record")]
    pub format: ResultFormat,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    /// One page that opens offline; the scans in full size lie in a folder beside it.
    #[default]
    Html,
    /// The run record for a compliance file, as PDF/A.
    Pdf,
    /// A workbook for the merchant.
    Xlsx,
    /// For other programs; `--schema` prints its schema.
    Json,
}

#[derive(Debug, Clone, Args)]
pub struct ReportArgs {
    /// The run's name below certonboard-runs/, or its folder.
    #[arg(value_name = "RUN", required_unless_present = "schema")]
    pub run: Option<String>,
    /// In which form.
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t)]
    pub format: ReportFormat,
    /// The file to write.
    ///
    /// Default: report.html, report.pdf or report.xlsx in the run's folder; JSON goes to stdout.
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Print the JSON Schema of the JSON form.
    #[arg(long)]
    pub schema: bool,
}

#[derive(Debug, Clone, Args)]
pub struct ReviewArgs {
    /// The run's name below certonboard-runs/, or its folder.
    #[arg(value_name = "RUN")]
    pub run: String,
    /// Ask on this terminal instead of serving a page.
    #[arg(long)]
    pub terminal: bool,
    /// The page's port on this machine; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Who decides, for the record.
    ///
    /// Default: the user's name on this machine.
    #[arg(long, value_name = "NAME", env = "CERTONBOARD_USER", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub reviewer: Option<String>,
    #[command(flatten)]
    pub reading: CacheArgs,
}

/// How a run talks, asks and works: the same for a new run and a resumed one.
#[derive(Debug, Clone, Default, Args)]
pub struct ConductArgs {
    /// Answers to the questions, as YAML.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Ask nothing; an unanswered question that needs an answer stops the run with exit code 2 and names its key.
    #[arg(long)]
    pub non_interactive: bool,
    /// Answer every confirmation with yes and every choice with what is recommended.
    #[arg(long)]
    pub yes: bool,
    /// Write this run's answers to a file, for replay.
    #[arg(long, value_name = "FILE")]
    pub record_answers: Option<PathBuf>,
    /// Threads for reading scans.
    ///
    /// Default: as many as the machine has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// Print less.
    #[arg(long, short)]
    pub quiet: bool,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// Where scans are read, and where what was read is kept.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading scans")]
pub struct ReadingArgs {
    #[command(flatten)]
    pub cache: CacheArgs,
    /// Have the scans read by the workers on this NATS queue, instead of here.
    #[arg(long = "queue", value_name = "URL", env = "CERTONBOARD_QUEUE", hide_env_values = true)]
    pub queue: Option<String>,
    /// Give files once more to the queue's workers that were set aside because three workers stopped at them.
    #[arg(long)]
    pub retry_set_aside: bool,
    #[command(flatten)]
    pub access: QueueAccess,
}

/// Where what was read is kept.
#[derive(Debug, Clone, Default, Args)]
pub struct CacheArgs {
    /// Use nothing that earlier runs on this machine have read, and keep nothing for later ones.
    #[arg(long, env = "CERTONBOARD_NO_CACHE", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_cache: bool,
    /// The folder for what was read; a scan that was read is not read again, in no run.
    ///
    /// Default: certonboard/readings in the user's cache folder. What was not used for 30 days is removed.
    #[arg(long, value_name = "DIR", env = "CERTONBOARD_CACHE_DIR")]
    pub cache_dir: Option<PathBuf>,
}

/// How the queue lets this program in.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The queue")]
pub struct QueueAccess {
    /// A file of credentials for the queue (JWT and seed).
    #[arg(long, value_name = "FILE", env = "CERTONBOARD_QUEUE_CREDENTIALS")]
    pub queue_credentials: Option<PathBuf>,
    /// A file with the seed of an nkey for the queue.
    #[arg(long, value_name = "FILE", env = "CERTONBOARD_QUEUE_NKEY", conflicts_with = "queue_credentials")]
    pub queue_nkey: Option<PathBuf>,
    /// A file with the certificate authority of the queue's server.
    #[arg(long, value_name = "FILE", env = "CERTONBOARD_QUEUE_CA")]
    pub queue_ca: Option<PathBuf>,
    /// This program's own certificate for the queue.
    #[arg(long, value_name = "FILE", env = "CERTONBOARD_QUEUE_CERTIFICATE", requires = "queue_key")]
    pub queue_certificate: Option<PathBuf>,
    /// The key of that certificate.
    #[arg(long, value_name = "FILE", env = "CERTONBOARD_QUEUE_KEY", requires = "queue_certificate")]
    pub queue_key: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct WorkerArgs {
    /// The queue; several servers of one cluster with commas between.
    #[arg(long = "queue", value_name = "URL", env = "CERTONBOARD_QUEUE", hide_env_values = true)]
    pub queue: String,
    #[command(flatten)]
    pub access: QueueAccess,
    /// Files that are read at a time, one thread each.
    ///
    /// Default: as many as the machine has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// A file of which no sign of life comes for this long is given to another worker.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub redeliver_after: u64,
    /// Print less.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How the customer list is to be read, where it is not found out by itself.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "The customer list")]
pub struct ListArgs {
    /// The sheet to read.
    ///
    /// Default: the one that looks like a list of customers.
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// The row that holds the column headers, counted from 1.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub header_row: Option<u32>,
    /// The column of one field, by its header; `-` as header: no column has it. May be given several times.
    #[arg(long = "column", value_name = "FIELD=HEADER", value_parser = column)]
    pub columns: Vec<(String, String)>,
    /// The columns of an earlier export of the same system, as saved with --save-mapping.
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Take in the customers that the ERP marks as inactive.
    #[arg(long)]
    pub include_inactive: bool,
    /// How customers count whose columns disagree about exemption.
    #[arg(long, value_enum, value_name = "HOW")]
    pub contradictions: Option<Contradictions>,
    /// What a value of the merchant's own means in a tax column. May be given several times.
    #[arg(long = "tax-value", value_name = "VALUE=exempt|taxable", value_parser = tax_value)]
    pub tax_values: Vec<(String, &'static str)>,
    /// A problems workbook that the merchant corrected; its rows take the place of those in the list.
    #[arg(long, value_name = "FILE")]
    pub corrections: Option<PathBuf>,
}

/// `customer_code=Acct #`: the first equals sign parts them, since a header may hold others.
fn column(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((field, header)) if !field.trim().is_empty() && !header.trim().is_empty() => {
            Ok((field.trim().to_owned(), header.trim().to_owned()))
        }
        _ => Err("write it as FIELD=HEADER, for example customer_code=\"Acct #\"".to_owned()),
    }
}

/// `B=exempt`: the last equals sign parts them.
fn tax_value(text: &str) -> Result<(String, &'static str), String> {
    match text.rsplit_once('=').map(|(value, means)| (value.trim(), means.trim().to_lowercase())) {
        Some((value, means)) if !value.is_empty() && means == "exempt" => Ok((value.to_owned(), "exempt")),
        Some((value, means)) if !value.is_empty() && means == "taxable" => Ok((value.to_owned(), "taxable")),
        _ => Err("write it as VALUE=exempt or VALUE=taxable, for example B=exempt".to_owned()),
    }
}

#[derive(Debug, Clone, Args)]
pub struct ExtractArgs {
    /// The folder of scans.
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
    /// The merchant's customer spreadsheet; each paper is then matched to a customer.
    #[arg(long, value_name = "FILE")]
    pub customers: Option<PathBuf>,
    #[command(flatten)]
    pub list: ListArgs,
    /// The merchant's name, as certificates name the seller.
    #[arg(long, value_name = "NAME")]
    pub merchant: Option<String>,
    /// The day that every decision uses.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<Date>,
    /// Threads for reading.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
    /// How the documents are printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: LinesFormat,
    /// Print less.
    #[arg(long, short)]
    pub quiet: bool,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

#[derive(Debug, Subcommand)]
pub enum CustomersCommand {
    /// Say how many customers there are, how many are exempt and by which rule, and what is wrong with the data.
    ///
    /// Reads the list as a run would and sends nothing. Exit code 3 means that a row can't be used or that something is not sure.
    #[command(after_help = format!("Examples:\n  certonboard customers summary customers.xlsx\n  certonboard customers summary customers.csv --problems to-correct.xlsx\n  certonboard customers summary customers.csv --column customer_code=\"Acct #\" --save-mapping erp.yaml\n  certonboard customers summary next-export.csv --mapping erp.yaml --format json\n\n{CODES}"))]
    Summary(Box<SummaryArgs>),
    /// Show one customer of the service: where it is exempt, why and until when, its certificates and invitations.
    #[command(
        after_help = "Examples:\n  certonboard customers show C1021\n  certonboard customers show C1021 --run 20261120-101500-3f9a --format json"
    )]
    Show(Box<ShowCustomerArgs>),
    /// List the customers of the service.
    #[command(
        after_help = "Examples:\n  certonboard customers list --exempt --without-certificate --customers customers.xlsx\n  certonboard customers list --expiring 60d --state TX"
    )]
    List(Box<ListCustomersArgs>),
    /// Create customers: one from flags, or those of an ERP export that are missing.
    #[command(after_help = format!("Examples:\n  certonboard customers create C2001 --name \"Amber Tools LLC\" --line1 \"1 Oak Street\" --city Austin --region TX --postal-code 78701\n  certonboard customers create --customers new-export.xlsx --dry-run\n\n{CODES}"))]
    Create(Box<PutCustomerArgs>),
    /// Change customers: one from flags, or those of a new ERP export that differ. Shows every difference.
    #[command(after_help = format!("Examples:\n  certonboard customers update C1021 --email ap@example.com\n  certonboard customers update --customers new-export.xlsx --dry-run\n\n{CODES}"))]
    Update(Box<PutCustomerArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct SummaryArgs {
    /// The merchant's customer spreadsheet: xlsx, xlsm, xls, xlsb, ods, csv, tsv or txt.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    #[command(flatten)]
    pub list: ListArgs,
    /// How the summary is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
    /// Write the rows that have problems to a workbook that the merchant can correct and send back.
    #[arg(long, value_name = "FILE.xlsx")]
    pub problems: Option<PathBuf>,
    /// Write the columns of this list to a file, for `--mapping`.
    #[arg(long, value_name = "FILE")]
    pub save_mapping: Option<PathBuf>,
    /// The day that decides which exemptions have expired (`exempt_expired` in the JSON).
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<Date>,
}

#[derive(Debug, Subcommand)]
pub enum AnswersCommand {
    /// Print a commented template with every key.
    #[command(after_help = "Example:\n  certonboard answers init > answers.yaml")]
    Init,
    /// Print the JSON Schema of the answers file.
    #[command(after_help = "Example:\n  certonboard answers schema > answers.schema.json")]
    Schema,
}

#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    /// Serve the practice service by itself, for any client. Prints its address when it is ready.
    ///
    /// Account id 2000000000, license key SANDBOX, company id 12345, company code DEFAULT.
    #[command(
        after_help = "Examples:\n  certonboard sandbox serve --listen 127.0.0.1:8099 --data sandbox.sqlite\n  certonboard sandbox serve --latency 200 --server-errors 0.1 --resets-after 0.05 --seed 7\n  curl -u 2000000000:SANDBOX http://127.0.0.1:8099/api/v2/utilities/ping"
    )]
    Serve(Box<ServeArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address and port; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8099")]
    pub listen: SocketAddr,
    /// Keep the data in this SQLite file.
    ///
    /// Default: in memory, gone when the server stops.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Begin with a company whose certificate storage is not set up.
    #[arg(long)]
    pub not_provisioned: bool,
    /// The day that decides what has expired.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<Date>,
    #[command(flatten)]
    pub faults: FaultArgs,
}

/// What goes wrong at the practice service. Shares are 0 to 1.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Faults, to practise with")]
pub struct FaultArgs {
    /// The same seed strikes the same calls.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Milliseconds added to every answer.
    #[arg(long, value_name = "MS", default_value_t = 0)]
    pub latency: u64,
    /// Share of calls that are answered 429.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub rate_limited: f64,
    /// No more calls a second are let through; the others are answered 429.
    #[arg(long, value_name = "N", value_parser = above_zero)]
    pub requests_per_second: Option<f64>,
    /// Seconds in the Retry-After header of a 429.
    ///
    /// Default: no such header.
    #[arg(long, value_name = "SECONDS")]
    pub retry_after: Option<u64>,
    /// Share of calls that are answered 500, 502 or 503.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub server_errors: f64,
    /// Share of writes whose connection is cut before they take effect.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub resets_before: f64,
    /// Share of writes whose connection is cut after they took effect.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub resets_after: f64,
    /// Share of answers that come slowly.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub slow_bodies: f64,
    /// Milliseconds between the pieces of a slow answer.
    #[arg(long, value_name = "MS", default_value_t = 500)]
    pub slow_ms: u64,
    /// Share of answers that break off in the middle.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub cut_bodies: f64,
    /// Share of answers that are no JSON.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub wrong_json: f64,
    /// Share of CreateCertificates calls that are answered with an error although the certificate was stored.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0, value_parser = share)]
    pub stored_but_refused: f64,
    /// Refuse to create the customer with this code. May be given several times.
    #[arg(long = "refuse-customer", value_name = "CODE")]
    pub refuse_customers: Vec<String>,
    /// Bytes of the largest request; a larger one is answered 413.
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 20, value_parser = clap::value_parser!(u64).range(1..=64 << 20))]
    pub largest_request: u64,
    /// How many looks at the certificate storage say that it is still being set up.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub provisioning_polls: u32,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err("a share is a number from 0 to 1, such as 0.1".to_owned()),
    }
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err("give a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_column_is_parted_at_its_first_equals_sign() {
        assert_eq!(column("name=A = B").unwrap(), ("name".to_owned(), "A = B".to_owned()));
        for bad in ["name", "=x", "name=", " = "] {
            assert!(column(bad).unwrap_err().contains("FIELD=HEADER"), "{bad}");
        }
    }

    /// Every command that can be run shows an example.
    #[test]
    fn every_help_has_an_example() {
        fn look(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            let leaf = command.get_subcommands().next().is_none();
            if leaf {
                let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
                assert!(after.contains("certonboard "), "{path}: no example in its help");
            }
            for argument in command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
                assert!(argument.get_help().is_some(), "{path}: {} has no help", argument.get_id());
            }
            command.get_subcommands().for_each(|sub| look(sub, &path));
        }
        look(&Cli::command(), "");
    }
}
