//! Parses the command line, builds the adapters, runs, and maps the outcome to an exit code. No rules and no wording of steps here.

mod commands;

use certonboard::cli::{
    AnswersCommand, AttributesCommand, CertificatesCommand, Cli, Command, CustomersCommand, Exit, InvitationsCommand, SandboxCommand,
};
use certonboard::error::Fault;
use clap::Parser;
use commands::later;
use std::pin::Pin;
use std::process::ExitCode;

fn main() -> ExitCode {
    certonboard::ocr::limit_threads();
    let cli = Cli::parse();
    let verbose = cli.log.verbose;
    if let Err(fault) = commands::log::begin(&cli.log) {
        return commands::tell(&fault, verbose);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return commands::tell(&Fault::new(Exit::Failed, format!("the program can't start its threads: {error}")), verbose),
    };
    // In a box, so that the whole program is compiled once and not once for each way in which a runtime may call it.
    let work: Pin<Box<dyn Future<Output = Result<Exit, Fault>>>> = Box::pin(async {
        match cli.command {
            None => commands::run::run(&cli.run).await,
            Some(Command::Run(args)) => commands::run::run(&args).await,
            Some(Command::Plan(args)) => commands::plan::plan(&args).await,
            Some(Command::Apply(args)) => commands::plan::apply(&args).await,
            Some(Command::Resume(args)) => commands::run::resume(&args).await,
            Some(Command::Extract(args)) => commands::extract::extract(&args).await,
            Some(Command::Approve(args)) => commands::approve::approve(&args),
            Some(Command::Mcp) => commands::mcp::mcp().await,
            Some(Command::Worker(args)) => commands::worker::worker(&args).await,
            Some(Command::Explain(args)) => commands::explain::explain(&args),
            Some(Command::Status(args)) => commands::status::status(&args),
            Some(Command::Report(args)) => commands::report::report(&args),
            Some(Command::Doctor(args)) => commands::doctor::doctor(&args),
            Some(Command::Completions(args)) => commands::doctor::completions(&args),
            Some(Command::Man(args)) => commands::doctor::man(&args),
            Some(Command::Review(args)) => commands::review::review(&args).await,
            Some(Command::Customers { command: CustomersCommand::Summary(args) }) => commands::customers::summary(&args),
            Some(Command::Customers { command: CustomersCommand::Show(args) }) => later::customers::show(&args).await,
            Some(Command::Customers { command: CustomersCommand::List(args) }) => later::customers::list(&args).await,
            Some(Command::Customers { command: CustomersCommand::Create(args) }) => later::customers::create(&args).await,
            Some(Command::Customers { command: CustomersCommand::Update(args) }) => later::customers::update(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::List(args) }) => later::certificates::list(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::Show(args) }) => later::certificates::show(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::Download(args) }) => later::certificates::download(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::Print(args) }) => later::certificates::print(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::Unlink(args) }) => later::certificates::unlink(&args).await,
            Some(Command::Certificates { command: CertificatesCommand::Delete(args) }) => later::certificates::delete(&args).await,
            Some(Command::Invitations { command: InvitationsCommand::Send(args) }) => later::invitations::send(&args).await,
            Some(Command::Invitations { command: InvitationsCommand::List(args) }) => later::invitations::list(&args).await,
            Some(Command::Invitations { command: InvitationsCommand::Show(args) }) => later::invitations::show(&args).await,
            Some(Command::Check(args)) => later::check::check(&args).await,
            Some(Command::Renew(args)) => later::invitations::renew(&args).await,
            Some(Command::Attributes { command: AttributesCommand::List(args) }) => later::attributes::list(&args).await,
            Some(Command::Attributes { command: AttributesCommand::Link(args) }) => later::attributes::change(&args, true).await,
            Some(Command::Attributes { command: AttributesCommand::Unlink(args) }) => later::attributes::change(&args, false).await,
            Some(Command::EcommerceToken(args)) => later::attributes::token(&args).await,
            Some(Command::Answers { command: AnswersCommand::Init }) => commands::print_as_it_is(&certonboard::answers::template()),
            Some(Command::Answers { command: AnswersCommand::Schema }) => commands::print_json(&certonboard::answers::schema()),
            Some(Command::Sandbox { command: SandboxCommand::Serve(args) }) => commands::serve::serve(&args).await,
        }
    });
    let done = runtime.block_on(work);
    // Threads that still wait for a dead connection must not keep the program.
    runtime.shutdown_background();
    match done {
        Ok(exit) => {
            tracing::info!(exit_code = exit as u8, "end");
            exit.into()
        }
        Err(fault) => {
            // Its text may hold names, and is told on stderr.
            tracing::info!(exit_code = fault.exit as u8, "failed");
            commands::tell(&fault, verbose)
        }
    }
}
