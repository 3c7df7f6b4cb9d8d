//! The clap types of the commands for the time after onboarding. Their doc comments are the help texts.

use super::args::{CODES, ListArgs, ResultFormat, Target};
use crate::domain::{CertificateId, CustomerCode, Delivery, InvitationId, Region};
use crate::lifecycle::{CertificateState, Within};
use clap::{Args, Subcommand};
use jiff::civil::Date;
use std::path::PathBuf;

fn code(text: &str) -> Result<CustomerCode, String> {
    CustomerCode::new(text).map_err(|e| e.to_string())
}

fn state(text: &str) -> Result<Region, String> {
    let found = Region::us_state(text).or_else(|| Region::us_state_by_name(text)).or_else(|| Region::from_code(text));
    found.ok_or_else(|| "give a state's two letters, such as TX".to_owned())
}

fn certificate(text: &str) -> Result<CertificateId, String> {
    text.parse().map(CertificateId).map_err(|_| "a certificate's number is a whole number, as `certificates list` shows it".to_owned())
}

fn invitation(text: &str) -> Result<InvitationId, String> {
    text.parse().map(InvitationId).map_err(|_| "an invitation's number is a whole number, as `invitations list` shows it".to_owned())
}

fn delivery(text: &str) -> Result<Delivery, String> {
    match text.to_ascii_lowercase().as_str() {
        "email" => Ok(Delivery::Email),
        "fax" => Ok(Delivery::Fax),
        "download" => Ok(Delivery::Download),
        _ => Err("it is one of Email, Fax and Download".to_owned()),
    }
}

fn certificate_state(text: &str) -> Result<CertificateState, String> {
    match text {
        "valid" => Ok(CertificateState::Valid),
        "pending" => Ok(CertificateState::Pending),
        "future" => Ok(CertificateState::Future),
        "expired" => Ok(CertificateState::Expired),
        "invalid" => Ok(CertificateState::Invalid),
        _ => Err("it is one of valid, pending, future, expired and invalid".to_owned()),
    }
}

/// Which service and company are meant, and how the result is printed.
#[derive(Debug, Clone, Default, Args)]
pub struct ServiceArgs {
    #[command(flatten)]
    pub target: Target,
    /// The service and company of this run; of a practice run its data.
    ///
    /// The run's name below certonboard-runs/, or its folder.
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
    /// The day that decides what has expired.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub today: Option<Date>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: ResultFormat,
    /// Print less.
    #[arg(long, short)]
    pub quiet: bool,
}

/// How a change is asked about and noted.
#[derive(Debug, Clone, Default, Args)]
pub struct ChangeArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
    /// Show what would be changed, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Answer the question with yes.
    #[arg(long)]
    pub yes: bool,
    /// Ask nothing; a question without an answer stops with exit code 2.
    #[arg(long)]
    pub non_interactive: bool,
    /// The folder for the record of this change.
    ///
    /// Default: a new one in certonboard-runs/.
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,
    /// Why, for the record.
    #[arg(long, value_name = "TEXT", default_value = "asked for on the command line")]
    pub reason: String,
}

#[derive(Debug, Clone, Args)]
pub struct ShowCustomerArgs {
    /// The customer's code.
    #[arg(value_name = "CODE", value_parser = code)]
    pub code: CustomerCode,
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// Which customers.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which customers")]
pub struct WhichCustomers {
    /// Only exempt ones: by the ERP's word with --customers or --run, else by a certificate that counts today.
    #[arg(long)]
    pub exempt: bool,
    /// Only those without a certificate that counts today.
    #[arg(long)]
    pub without_certificate: bool,
    /// Only those with a certificate that ends within so many days: 60d, 8w.
    #[arg(long, value_name = "DAYS")]
    pub expiring: Option<Within>,
    /// Only those of this state, by address or certificate.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<Region>,
    /// The ERP's customer list, for who is exempt there.
    #[arg(long, value_name = "FILE")]
    pub customers: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub struct ListCustomersArgs {
    #[command(flatten)]
    pub which: WhichCustomers,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct PutCustomerArgs {
    /// The customer's code; with --customers, only these of the list.
    #[arg(value_name = "CODE", value_parser = code, required_unless_present = "customers")]
    pub codes: Vec<CustomerCode>,
    /// Take the records from this export of the ERP.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["name", "line1", "line2", "city", "region", "postal_code", "country", "email", "phone", "fax", "contact"])]
    pub customers: Option<PathBuf>,
    /// The customer's name.
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// Street and number.
    #[arg(long, value_name = "TEXT")]
    pub line1: Option<String>,
    /// The address's second line.
    #[arg(long, value_name = "TEXT")]
    pub line2: Option<String>,
    /// The city.
    #[arg(long, value_name = "TEXT")]
    pub city: Option<String>,
    /// State or province, two letters.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub region: Option<Region>,
    /// ZIP or postal code.
    #[arg(long, value_name = "TEXT")]
    pub postal_code: Option<String>,
    /// Country, two letters.
    #[arg(long, value_name = "COUNTRY")]
    pub country: Option<String>,
    /// E-mail address for certificate requests.
    #[arg(long, value_name = "TEXT")]
    pub email: Option<String>,
    /// Phone number.
    #[arg(long, value_name = "TEXT")]
    pub phone: Option<String>,
    /// Fax number.
    #[arg(long, value_name = "TEXT")]
    pub fax: Option<String>,
    /// Whom to write to.
    #[arg(long, value_name = "TEXT")]
    pub contact: Option<String>,
    #[command(flatten)]
    pub list: ListArgs,
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub enum CertificatesCommand {
    /// List certificates: all, or by customer, state, status.
    #[command(
        after_help = "Examples:\n  certonboard certificates list --customer C1021\n  certonboard certificates list --state TX --status expired --format json\n  certonboard certificates list --expiring 60d"
    )]
    List(Box<ListCertificatesArgs>),
    /// Show one certificate with its customers.
    #[command(after_help = "Example:\n  certonboard certificates show 5001")]
    Show(Box<ShowCertificateArgs>),
    /// Save the documents of certificates as PDF, or their pages as JPEG.
    #[command(
        after_help = "Examples:\n  certonboard certificates download 5001 5002 --to papers/\n  certonboard certificates download --customer C1021 --to papers/\n  certonboard certificates download 5001 --jpeg --page 1"
    )]
    Download(Box<DownloadArgs>),
    /// Print the documents of certificates with the system's print command.
    #[command(
        after_help = "Examples:\n  certonboard certificates print 5001\n  certonboard certificates print 5001 --with \"lp -d office\""
    )]
    Print(Box<PrintArgs>),
    /// Take certificates from customers. They stay in the service, and with other customers.
    #[command(after_help = format!("Examples:\n  certonboard certificates unlink --customer C1021 --certificate 5001\n  certonboard certificates unlink --certificate 5001 --customer C1021 --customer C1022\n  certonboard certificates unlink --customer C1021 --all\n\n{CODES}"))]
    Unlink(Box<UnlinkArgs>),
    /// Delete certificates for good. Names everyone that would lose one.
    #[command(after_help = format!("Examples:\n  certonboard certificates delete 5001\n  certonboard certificates delete 5001 --all-customers\n  certonboard certificates delete 5001 --yes --confirm-number 5001\n\n{CODES}"))]
    Delete(Box<DeleteArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct ListCertificatesArgs {
    /// Only those of this customer.
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub customer: Option<CustomerCode>,
    /// Only those of this state.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<Region>,
    /// Only those that are valid, pending, future, expired or invalid.
    #[arg(long, value_name = "STATUS", value_parser = certificate_state)]
    pub status: Option<CertificateState>,
    /// Only those that end within so many days: 60d, 8w.
    #[arg(long, value_name = "DAYS")]
    pub expiring: Option<Within>,
    /// Only those that no customer is linked to.
    #[arg(long)]
    pub unlinked: bool,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ShowCertificateArgs {
    /// The certificate's number.
    #[arg(value_name = "ID", value_parser = certificate)]
    pub id: CertificateId,
    #[command(flatten)]
    pub service: ServiceArgs,
}

/// Which certificates.
#[derive(Debug, Clone, Args)]
pub struct WhichCertificates {
    /// The certificates' numbers.
    #[arg(value_name = "ID", value_parser = certificate, required_unless_present = "customer")]
    pub ids: Vec<CertificateId>,
    /// All of this customer.
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub customer: Option<CustomerCode>,
}

#[derive(Debug, Clone, Args)]
pub struct DownloadArgs {
    #[command(flatten)]
    pub which: WhichCertificates,
    /// The folder to save them in.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub to: PathBuf,
    /// Each page as a JPEG instead of one PDF.
    #[arg(long)]
    pub jpeg: bool,
    /// Only this page.
    #[arg(long, value_name = "N", requires = "jpeg", value_parser = clap::value_parser!(u32).range(1..))]
    pub page: Option<u32>,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct PrintArgs {
    #[command(flatten)]
    pub which: WhichCertificates,
    /// The print command; the document's file comes behind it.
    #[arg(long = "with", value_name = "COMMAND", default_value = "lp")]
    pub command: String,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct UnlinkArgs {
    /// The customer. May be given several times.
    #[arg(long = "customer", value_name = "CODE", value_parser = code, required_unless_present = "certificates")]
    pub customers: Vec<CustomerCode>,
    /// The certificate. May be given several times.
    #[arg(long = "certificate", value_name = "ID", value_parser = certificate)]
    pub certificates: Vec<CertificateId>,
    /// All certificates of the customers, or all customers of the certificates.
    #[arg(long)]
    pub all: bool,
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Debug, Clone, Args)]
pub struct DeleteArgs {
    /// The certificates' numbers.
    #[arg(value_name = "ID", value_parser = certificate, required = true)]
    pub ids: Vec<CertificateId>,
    /// Also where more than one customer is linked to it.
    #[arg(long)]
    pub all_customers: bool,
    /// The certificate's number once more, for a run without a terminal. May be given several times.
    #[arg(long = "confirm-number", value_name = "ID", value_parser = certificate)]
    pub confirmed: Vec<CertificateId>,
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Debug, Subcommand)]
pub enum InvitationsCommand {
    /// Invite customers to send in a certificate: some by code, or all that a filter means.
    #[command(after_help = format!("Examples:\n  certonboard invitations send C1021 C1022\n  certonboard invitations send --exempt --without-certificate --customers customers.xlsx\n  certonboard invitations send C1021 --delivery Download --follow --copy\n\n{CODES}"))]
    Send(Box<SendArgs>),
    /// List the invitations that were sent.
    #[command(after_help = "Examples:\n  certonboard invitations list\n  certonboard invitations list --customer C1021 --since 2026-11-01")]
    List(Box<ListInvitationsArgs>),
    /// Show one invitation with its link.
    #[command(after_help = "Examples:\n  certonboard invitations show C1021 901\n  certonboard invitations show C1021 901 --follow --copy")]
    Show(Box<ShowInvitationArgs>),
}

/// How an invitation is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "The invitation")]
pub struct InvitationArgs {
    /// How it goes out: Email (else fax, else a link), Fax (else a link) or Download (a link).
    #[arg(long, value_name = "HOW", value_parser = delivery, default_value = "Email")]
    pub delivery: Delivery,
    /// The cover letter's title in the service.
    #[arg(long, value_name = "TITLE", default_value = "STANDARD_REQUEST")]
    pub cover_letter: String,
    /// The exemption reason to ask for. Without it the customer picks one.
    #[arg(long = "for-reason", value_name = "REASON")]
    pub for_reason: Option<String>,
    /// No second invitation to a customer within so many days.
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    pub window_days: u16,
    /// Wait until each is ready.
    #[arg(long)]
    pub follow: bool,
    /// Put the links on the clipboard.
    #[arg(long)]
    pub copy: bool,
}

#[derive(Debug, Clone, Args)]
pub struct SendArgs {
    /// The customers' codes.
    #[arg(value_name = "CODE", value_parser = code)]
    pub codes: Vec<CustomerCode>,
    #[command(flatten)]
    pub which: WhichCustomers,
    /// Ask for a certificate of this state. May be given several times.
    ///
    /// Default: the states of the customer's record.
    #[arg(long = "zone", value_name = "STATE", value_parser = state)]
    pub zones: Vec<Region>,
    #[command(flatten)]
    pub invitation: InvitationArgs,
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ListInvitationsArgs {
    /// Only those to this customer.
    #[arg(long, value_name = "CODE", value_parser = code)]
    pub customer: Option<CustomerCode>,
    /// Only those sent on this day or later.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub since: Option<Date>,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ShowInvitationArgs {
    /// The customer's code.
    #[arg(value_name = "CODE", value_parser = code)]
    pub code: CustomerCode,
    /// The invitation's number.
    #[arg(value_name = "ID", value_parser = invitation)]
    pub id: InvitationId,
    /// Wait until it is ready.
    #[arg(long)]
    pub follow: bool,
    /// Put the link on the clipboard.
    #[arg(long)]
    pub copy: bool,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct RenewArgs {
    /// Certificates that end within so many days; those that have ended count too.
    #[arg(long, value_name = "DAYS", default_value = "60d")]
    pub expiring: Within,
    /// Only those of this state.
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub state: Option<Region>,
    #[command(flatten)]
    pub invitation: InvitationArgs,
    #[command(flatten)]
    pub change: ChangeArgs,
}

/// Whose attributes.
#[derive(Debug, Clone, Default, Args)]
pub struct WhoseAttributes {
    /// Those of this customer.
    #[arg(long, value_name = "CODE", value_parser = code, conflicts_with = "certificate")]
    pub customer: Option<CustomerCode>,
    /// Those of this certificate.
    #[arg(long, value_name = "ID", value_parser = certificate)]
    pub certificate: Option<CertificateId>,
}

#[derive(Debug, Subcommand)]
pub enum AttributesCommand {
    /// List attributes: of a customer, of a certificate, or all that certificates can have.
    #[command(after_help = "Examples:\n  certonboard attributes list\n  certonboard attributes list --customer C1021")]
    List(Box<ListAttributesArgs>),
    /// Give attributes to a customer or a certificate.
    #[command(after_help = format!("Example:\n  certonboard attributes link --certificate 5001 \"DIRECT PAY\"\n\n{CODES}"))]
    Link(Box<ChangeAttributesArgs>),
    /// Take attributes from a customer or a certificate.
    #[command(after_help = format!("Example:\n  certonboard attributes unlink --customer C1021 \"DO NOT MAIL\"\n\n{CODES}"))]
    Unlink(Box<ChangeAttributesArgs>),
}

#[derive(Debug, Clone, Args)]
pub struct ListAttributesArgs {
    #[command(flatten)]
    pub whose: WhoseAttributes,
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct ChangeAttributesArgs {
    /// The attributes' names.
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    #[command(flatten)]
    pub whose: WhoseAttributes,
    #[command(flatten)]
    pub change: ChangeArgs,
}

#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    pub service: ServiceArgs,
}

#[derive(Debug, Clone, Args)]
pub struct TokenArgs {
    /// The customer's code.
    #[arg(value_name = "CODE", value_parser = code)]
    pub code: CustomerCode,
    #[command(flatten)]
    pub change: ChangeArgs,
}
