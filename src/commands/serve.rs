//! `certonboard sandbox serve`.

use certonboard::cli::{Exit, FaultArgs, ServeArgs};
use certonboard::error::Fault;
use certonboard::sandbox::{self, Faults, SandboxOptions};

pub async fn serve(args: &ServeArgs) -> Result<Exit, Fault> {
    let options = SandboxOptions {
        listen: args.listen,
        data: args.data.clone(),
        provisioned: !args.not_provisioned,
        today: args.today,
        provisioning_polls: args.faults.provisioning_polls,
        max_body: usize::try_from(args.faults.largest_request).unwrap_or(usize::MAX),
        faults: faults(&args.faults),
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

fn faults(args: &FaultArgs) -> Faults {
    Faults {
        seed: args.seed,
        latency_ms: args.latency,
        rate_limited: args.rate_limited,
        retry_after: args.retry_after,
        server_error: args.server_errors,
        certificate_errors_but_stored: args.stored_but_refused,
        resets_before: args.resets_before,
        resets_after: args.resets_after,
        slow_bodies: args.slow_bodies,
        slow_ms: args.slow_ms,
        cut_bodies: args.cut_bodies,
        wrong_json: args.wrong_json,
        requests_per_second: args.requests_per_second,
        refuse_customers: args.refuse_customers.clone(),
        ..Faults::default()
    }
}
