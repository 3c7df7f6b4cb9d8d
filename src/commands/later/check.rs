//! `certonboard check`: is the service reachable, are the credentials good, which company, is there a place for certificates?

use super::open;
use certonboard::api::ServiceKind;
use certonboard::cli::{CheckArgs, Exit};
use certonboard::error::Fault;
use certonboard::ports::StorageStatus;
use serde_json::json;

pub async fn check(args: &CheckArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let (service, company) = (&office.service, &office.company);
    let storage = service.storage_status(company.id).await?;
    let definitions = match storage {
        StorageStatus::Provisioned => Some(service.definitions(company.id).await?),
        StorageStatus::InProgress | StorageStatus::NotProvisioned => None,
    };
    let console = match office.kind() {
        ServiceKind::CertCapture(_) => "https://app.certcapture.com",
        _ => "https://admin.avalara.com",
    };
    let counts = definitions.as_ref().map(|d| (d.zones.len(), d.reasons.len(), d.cover_letters.iter().filter(|l| l.active).count()));
    let told = json!({
        "service": service.describe(), "company": { "id": company.id, "code": company.code, "name": company.name }, "storage": storage,
        "zones": counts.map(|c| c.0), "reasons": counts.map(|c| c.1), "cover_letters": counts.map(|c| c.2),
        "sends_invitations": service.sends_invitations(), "console": console,
    });
    office.print(&told, || {
        let storage = match storage {
            StorageStatus::Provisioned => "set up",
            StorageStatus::InProgress => "being set up",
            StorageStatus::NotProvisioned => "not set up; `certonboard run` asks for it",
        };
        let mut lines = vec![
            format!("Connected     {}", service.describe()),
            format!("Company       {} ({}, id {})", company.name, company.code, company.id),
            format!("Certificates  {storage}"),
        ];
        if let Some((zones, reasons, letters)) = counts {
            lines.push(format!("Lists         {zones} exposure zones, {reasons} exemption reasons, {letters} cover letters"));
        }
        lines.push(format!("Console       {console}"));
        certonboard::ui::printable_lines(&lines.join("\n"))
    })?;
    Ok(if storage == StorageStatus::Provisioned { Exit::Done } else { Exit::Waiting })
}
