//! `certonboard sandbox serve`.

use certonboard::cli::{Exit, ServeArgs};
use certonboard::error::Fault;
use certonboard::sandbox::{self, SandboxOptions};

pub async fn serve(args: &ServeArgs) -> Result<Exit, Fault> {
    let options = SandboxOptions {
        listen: args.listen,
        data: args.data.clone(),
        provisioned: !args.not_provisioned,
        today: args.today,
        ..SandboxOptions::default()
    };
    let server = sandbox::start(options)
        .await
        .map_err(|e| Fault::input(e.to_string()).hint("is the port taken? --listen 127.0.0.1:0 takes a free one"))?;
    super::print(&format!("certonboard sandbox is ready at {}", server.base_url()))?;
    super::print("account 2000000000, license key SANDBOX, company 12345 (DEFAULT); stop it with Ctrl-C")?;
    // Stopping is what this command is meant to end with.
    let _ = tokio::signal::ctrl_c().await;
    server.shutdown().await;
    Ok(Exit::Done)
}
