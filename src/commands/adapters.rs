//! Small adapters that only `main` needs: the clock, Ctrl-C, credentials from the environment, spreadsheets on disk.

use certonboard::api::{CertCapture, ConnectOptions, Credentials, Dialect, Secret, ServiceKind};
use certonboard::cli::Environment;
use certonboard::domain::Grid;
use certonboard::error::Fault;
use certonboard::ports::{self, Clock, Interrupt, Progress, RowsEnd, Spreadsheets, TakeRows, Unreadable};
use certonboard::sources::spreadsheet::{self, OpenOptions};
use certonboard::ui::{Bars, Lines, Steps};
use certonboard::wizard::connection;
use jiff::civil::Date;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

/// The system's clock, with the day set by `--today` where given.
pub struct SystemClock {
    pub today: Option<Date>,
}

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
    fn today(&self) -> Date {
        self.today.unwrap_or_else(|| jiff::Zoned::now().date())
    }
}

pub fn environment() -> Environment {
    Environment {
        stdin_is_terminal: std::io::stdin().is_terminal(),
        stderr_is_terminal: std::io::stderr().is_terminal(),
        no_color: std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()),
    }
}

/// Bars on a terminal; elsewhere calm lines, or none where they were not asked for; steps where a program listens.
pub fn progress(quiet: bool, lines: bool) -> Arc<dyn Progress> {
    match std::env::var("CERTONBOARD_PROGRESS").as_deref() {
        Ok("json") => Arc::new(Steps::default()),
        _ if environment().stderr_is_terminal && !quiet => Arc::new(Bars::default()),
        _ => Arc::new(Lines::new(quiet || !lines)),
    }
}

/// The first Ctrl-C asks to stop after the call in flight, the second leaves at once.
pub fn watch_ctrl_c(interrupt: &Interrupt, run: Option<String>) {
    let interrupt = interrupt.clone();
    tokio::spawn(async move {
        let mut presses = 0;
        while tokio::signal::ctrl_c().await.is_ok() {
            presses += 1;
            if presses > 1 {
                let _ = console::Term::stderr().show_cursor();
                if let Some(run) = &run {
                    eprintln!("\nGo on with: certonboard resume {run}");
                }
                std::process::exit(130);
            }
            interrupt.raise();
        }
    });
}

/// Credentials from the environment; the answers file never holds any.
pub fn credentials_from_env() -> Option<Credentials> {
    let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if let Some(token) = get("AVATAX_BEARER_TOKEN") {
        return Some(Credentials::Bearer(Secret::new(token)));
    }
    if let (Some(account), Some(key)) = (get("AVATAX_ACCOUNT_ID"), get("AVATAX_LICENSE_KEY")) {
        return Some(Credentials::LicenseKey { account, key: Secret::new(key) });
    }
    match (get("AVATAX_USERNAME"), get("AVATAX_PASSWORD")) {
        (Some(user), Some(password)) => Some(Credentials::Password { user, password: Secret::new(password) }),
        _ => None,
    }
}

/// Which service the answers mean.
pub fn service_kind(supplied: &serde_json::Value) -> ServiceKind {
    let text = |pointer: &str| supplied.pointer(pointer).and_then(serde_json::Value::as_str);
    match (text("/service/kind"), text("/service/dialect")) {
        (Some("certcapture"), Some("guide")) => ServiceKind::CertCapture(Dialect::Guide),
        (Some("certcapture"), _) => ServiceKind::CertCapture(Dialect::OpenApi),
        _ => ServiceKind::AvaTax,
    }
}

/// The names of the variables that hold credentials; never what they hold.
pub fn credential_names() -> Vec<&'static str> {
    let names = [
        "AVATAX_ACCOUNT_ID",
        "AVATAX_LICENSE_KEY",
        "AVATAX_USERNAME",
        "AVATAX_PASSWORD",
        "AVATAX_BEARER_TOKEN",
        "CERTCAPTURE_USERNAME",
        "CERTCAPTURE_PASSWORD",
        "CERTCAPTURE_TOKEN",
    ];
    names.into_iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())).collect()
}

/// CertCapture has users of its own.
fn certcapture_from_env() -> Option<Credentials> {
    let get = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
    if let Some(token) = get("CERTCAPTURE_TOKEN") {
        return Some(Credentials::Bearer(Secret::new(token)));
    }
    Some(Credentials::Password { user: get("CERTCAPTURE_USERNAME")?, password: Secret::new(get("CERTCAPTURE_PASSWORD")?) })
}

/// Is set where an assistant has called.
pub const ASSISTANT: &str = "CERTONBOARD_ASSISTANT";

/// Is this an address that a person has chosen: Avalara's own of this kind, or the one in the environment?
pub fn chosen_by_a_person(kind: ServiceKind, url: &str) -> bool {
    let environment = std::env::var("AVATAX_BASE_URL").unwrap_or_default();
    let own: &[&str] = match kind {
        ServiceKind::CertCapture(_) => &[certonboard::api::CERTCAPTURE],
        _ => &[connection::AVATAX_SANDBOX, connection::AVATAX_PRODUCTION],
    };
    let url = url.trim_end_matches('/');
    own.contains(&url) || (!environment.is_empty() && environment.trim_end_matches('/') == url)
}

/// From the environment, else asked for without an echo.
pub fn credentials(kind: ServiceKind, url: &str, interactive: bool) -> Result<Credentials, Fault> {
    // A run's record or a plan names a service, too, and may have come from anywhere.
    if std::env::var_os(ASSISTANT).is_some() && !chosen_by_a_person(kind, url) {
        return Err(Fault::input("an assistant can't use a service that no person has named here; nothing was sent to it")
            .hint("set AVATAX_BASE_URL to its address, or use a terminal"));
    }
    if let ServiceKind::CertCapture(_) = kind {
        // AvaTax's key is nobody else's business; only a practice service on this machine takes both.
        let here = ["http://127.", "http://localhost", "http://[::1]"].iter().any(|begin| url.starts_with(begin));
        return match certcapture_from_env().or_else(|| credentials_from_env().filter(|_| here)) {
            Some(found) => Ok(found),
            None => Err(Fault::new(certonboard::cli::Exit::Refused, "there are no credentials for CertCapture")
                .hint("set CERTCAPTURE_USERNAME and CERTCAPTURE_PASSWORD, or CERTCAPTURE_TOKEN; see docs/credentials.md")),
        };
    }
    if let Some(found) = credentials_from_env() {
        return Ok(found);
    }
    let hint = "set AVATAX_ACCOUNT_ID and AVATAX_LICENSE_KEY (or AVATAX_USERNAME and AVATAX_PASSWORD, or AVATAX_BEARER_TOKEN); see docs/credentials.md";
    if !interactive {
        return Err(Fault::new(certonboard::cli::Exit::Refused, "there are no credentials for the service").hint(hint));
    }
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::Interrupted => Fault::new(certonboard::cli::Exit::Interrupted, "interrupted"),
        _ => Fault::input(format!("the credentials can't be read from the terminal: {error}")).hint(hint),
    };
    let account = certonboard::ui::ask_line("Account id").map_err(failed)?;
    let key = certonboard::ui::ask_secret("License key (not shown)").map_err(failed)?;
    match account.trim().is_empty() || key.trim().is_empty() {
        true => Err(Fault::new(certonboard::cli::Exit::Refused, "no credentials were given").hint(hint)),
        false => Ok(Credentials::LicenseKey { account: account.trim().to_owned(), key: Secret::new(key.trim()) }),
    }
}

/// With `CERTCAPTURE_SIGN_IN=token`, name and password are used once, for a token. Only the published description has the call.
pub async fn signed_in(kind: ServiceKind, settings: ConnectOptions) -> Result<ConnectOptions, Fault> {
    let wish = std::env::var("CERTCAPTURE_SIGN_IN").unwrap_or_default();
    match (kind, wish.as_str()) {
        (ServiceKind::CertCapture(_), "" | "basic") | (ServiceKind::AvaTax, _) => Ok(settings),
        (ServiceKind::CertCapture(Dialect::OpenApi), "token") => Ok(CertCapture::sign_in(settings).await?),
        (_, "token") => Err(Fault::input("CERTCAPTURE_SIGN_IN=token: CertCapture's guide has no such sign-in")
            .hint("leave it out, or use --certcapture-dialect openapi")),
        _ => Err(Fault::input("CERTCAPTURE_SIGN_IN: it can be `basic` or `token`")),
    }
}

/// The name that goes into the run's record as the approver.
pub fn user_name() -> String {
    ["CERTONBOARD_USER", "USER", "LOGNAME", "USERNAME"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()))
        .unwrap_or_else(|| "unknown user".to_owned())
}

/// Spreadsheets on disk.
pub struct Workbooks;

impl Spreadsheets for Workbooks {
    fn open(&self, path: &Path, sheet: Option<&str>) -> Result<Box<dyn ports::Book>, Unreadable> {
        let options = OpenOptions { sheet: sheet.map(str::to_owned), ..OpenOptions::default() };
        let book = spreadsheet::Book::open(path, &options).map_err(unreadable)?;
        Ok(Box::new(Opened(book)))
    }
}

struct Opened(spreadsheet::Book);

impl ports::Book for Opened {
    fn heads(&mut self) -> Result<Vec<Grid>, Unreadable> {
        self.0.heads(spreadsheet::HEAD_ROWS).map_err(unreadable)
    }

    fn rows(&mut self, sheet: &str, take: &mut TakeRows<'_>) -> Result<RowsEnd, Unreadable> {
        Ok(match self.0.rows(sheet, take).map_err(unreadable)? {
            spreadsheet::Rows::All => RowsEnd::All,
            spreadsheet::Rows::Stopped => RowsEnd::Stopped,
            spreadsheet::Rows::Again => RowsEnd::Again,
        })
    }
}

fn unreadable(error: spreadsheet::SpreadsheetError) -> Unreadable {
    Unreadable { reason: error.to_string() }
}
