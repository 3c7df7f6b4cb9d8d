//! `certonboard doctor`, `completions` and `man`: the program about itself.

use super::adapters::{credential_names, environment};
use certonboard::cli::{Cli, CompletionsArgs, DoctorArgs, Exit, ManArgs, ResultFormat};
use certonboard::error::Fault;
use clap::CommandFactory;
use serde_json::json;

pub fn doctor(args: &DoctorArgs) -> Result<Exit, Fault> {
    let recognition = super::run::engines().check();
    let credentials = credential_names();
    let address = std::env::var("AVATAX_BASE_URL").ok().filter(|url| !url.is_empty());
    let folder = tempfile::tempdir_in(".").map(drop).map_err(|e| e.to_string());
    let environment = environment();
    let ready = recognition.is_ok() && folder.is_ok();
    match args.format {
        ResultFormat::Json => super::print_json(&json!({
            "version": env!("CARGO_PKG_VERSION"),
            "recognition": recognition.as_ref().ok(), "recognition_lacks": recognition.as_ref().err().map(ToString::to_string),
            "credentials": credentials, "base_url": address, "folder_is_writable": folder.is_ok(),
            "terminal": environment.stderr_is_terminal, "ready": ready,
        }))?,
        ResultFormat::Text => {
            let mut lines = vec![format!("certonboard   {}", env!("CARGO_PKG_VERSION"))];
            lines.push(match &recognition {
                Ok(what) => format!("Recognition   {what}"),
                Err(lack) => format!("Recognition   MISSING: {lack}"),
            });
            lines.push(match credentials.is_empty() {
                true => {
                    "Credentials   none in the environment; they are asked for, and the practice service (--sandbox) needs none".to_owned()
                }
                false => format!("Credentials   {}", credentials.join(", ")),
            });
            lines.push(match &address {
                Some(url) => format!("Service       {url}; test it with: certonboard check"),
                None => "Service       AVATAX_BASE_URL is not set".to_owned(),
            });
            lines.push(match &folder {
                Ok(()) => "This folder   can be written to; runs go to certonboard-runs/".to_owned(),
                Err(why) => format!("This folder   CAN'T be written to: {why}; choose another place with --run-dir"),
            });
            super::print(&certonboard::ui::printable_lines(&lines.join("\n")))?
        }
    };
    Ok(if ready { Exit::Done } else { Exit::Waiting })
}

pub fn completions(args: &CompletionsArgs) -> Result<Exit, Fault> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "certonboard", &mut text);
    super::print_as_it_is(&String::from_utf8_lossy(&text))
}

pub fn man(args: &ManArgs) -> Result<Exit, Fault> {
    if !args.to.is_dir() {
        return Err(Fault::input(format!("{}: there is no such folder", args.to.display())));
    }
    clap_mangen::generate_to(Cli::command(), &args.to)
        .map_err(|e| Fault::new(Exit::Failed, format!("{}: the man pages can't be written: {e}", args.to.display())))?;
    super::print(&format!("Man pages     {}", args.to.display()))
}
