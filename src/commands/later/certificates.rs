//! `certonboard certificates list|show|download|print|unlink|delete`.

use super::{Office, begin, columns, day, open, question};
use certonboard::cli::{
    DeleteArgs, DownloadArgs, Exit, ListCertificatesArgs, PrintArgs, ShowCertificateArgs, UnlinkArgs, WhichCertificates,
};
use certonboard::domain::{CertificateId, CertificateOnFile, CustomerCode, DocumentForm, counted};
use certonboard::error::Fault;
use certonboard::lifecycle::{CertificateFilter, HeldCertificate, held};
use certonboard::plan::{Deletion, Unlinking, plan_deletions, plan_unlinking};
use certonboard::ports::{Block, Screen};
use serde_json::json;
use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

pub const HEAD: [&str; 8] = ["CERTIFICATE", "ZONE", "STATE", "REASON", "NUMBER", "SIGNED", "ENDS", "CUSTOMERS"];
/// A document of more pages than this is no certificate.
const MOST_PAGES: u32 = 500;

pub fn row(c: &HeldCertificate) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    let customers = c.customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let ends = c.expires.map_or("no end".to_owned(), |d| d.to_string());
    vec![c.id.to_string(), c.zone.clone(), c.state.to_string(), shown(&c.reason), shown(&c.number), day(c.signed), ends, customers]
}

pub async fn list(args: &ListCertificatesArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    if let Some(code) = &args.customer {
        office.customer(code).await?;
    }
    let all = office.service.certificates(office.company.id).await?;
    let filter = CertificateFilter {
        customer: args.customer.clone(),
        state: args.state.clone(),
        status: args.status,
        expiring: args.expiring,
        unlinked: args.unlinked,
    };
    let chosen: Vec<HeldCertificate> = all.iter().map(|c| held(c, office.today)).filter(|c| filter.takes(c, office.today)).collect();
    office.print(&chosen, || match chosen.is_empty() {
        true => "No such certificates.".to_owned(),
        false => columns(&HEAD, &chosen.iter().map(row).collect::<Vec<_>>()),
    })
}

async fn one(office: &Office, id: CertificateId) -> Result<CertificateOnFile, Fault> {
    let found = office.service.certificate(office.company.id, id).await?;
    found.ok_or_else(|| {
        Fault::input(format!("company {} has no certificate {id}", office.company.code)).hint("`certonboard certificates list` shows them")
    })
}

pub async fn show(args: &ShowCertificateArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let found = held(&one(&office, args.id).await?, office.today);
    office.print(&found, || {
        let mut lines = vec![columns(&HEAD[..7], &[row(&found)[..7].to_vec()])];
        lines.push(format!("Document      {}", if found.document { "yes" } else { "none" }));
        if let Some(status) = &found.service_status {
            lines.push(format!("Service says  {status}"));
        }
        match found.customers.is_empty() {
            true => lines.push("Customers     nobody is linked to it".to_owned()),
            false => {
                lines.push(format!("Customers     {}", found.customers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))
            }
        }
        certonboard::ui::printable_lines(&lines.join("\n"))
    })
}

async fn chosen(office: &Office, which: &WhichCertificates) -> Result<Vec<CertificateOnFile>, Fault> {
    let mut found = Vec::new();
    for id in &which.ids {
        found.push(one(office, *id).await?);
    }
    if let Some(code) = &which.customer {
        office.customer(code).await?;
        let mut theirs = office.service.certificates_of(office.company.id, code).await?;
        // These come without their customers.
        theirs.iter_mut().filter(|c| c.customers.is_empty()).for_each(|c| c.customers.push(code.clone()));
        found.extend(theirs);
    }
    let mut seen = BTreeSet::new();
    found.retain(|c| seen.insert(c.id));
    match found.is_empty() {
        true => Err(Fault::input("there is no such certificate")),
        false => Ok(found),
    }
}

/// Whom it belongs to, for where, which number, until when: `C1021 TX 32049817263 until 2027-03-14 (5001)`. Nothing in it can lead out of a folder.
fn file_name(c: &HeldCertificate) -> String {
    let owner = match c.customers.as_slice() {
        [] => "unlinked".to_owned(),
        [one] => one.to_string(),
        [first, others @ ..] => format!("{first} and {} more", others.len()),
    };
    let number = c.number.as_deref().unwrap_or("no number");
    let until = c.expires.map_or(String::new(), |d| format!(" until {d}"));
    let name = format!("{owner} {} {number}{until} ({})", c.zone, c.id);
    let safe = |ch: char| match ch {
        '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|' => '-',
        ch if ch.is_control() => '-',
        ch => ch,
    };
    let name: String = certonboard::ui::printable(&name).chars().map(safe).take(150).collect();
    name.trim_start_matches(['.', ' ']).to_owned()
}

/// Pages 1, 2, … until there is no more; or only the one that was asked for.
async fn pages(office: &Office, id: CertificateId, only: Option<u32>) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
    let mut found = Vec::new();
    let range = only.map_or(1..=MOST_PAGES, |page| page..=page);
    for page in range {
        match office.service.document(office.company.id, id, DocumentForm::Jpeg { page }).await? {
            Some(bytes) => found.push((page, bytes)),
            None => break,
        }
    }
    Ok(found)
}

pub async fn download(args: &DownloadArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    if !args.to.is_dir() {
        return Err(Fault::input(format!("{}: there is no such folder", args.to.display())));
    }
    let (mut saved, mut without) = (Vec::new(), 0);
    for certificate in chosen(&office, &args.which).await? {
        let name = file_name(&held(&certificate, office.today));
        let documents: Vec<(String, Vec<u8>)> = match args.jpeg {
            false => {
                let pdf = office.service.document(office.company.id, certificate.id, DocumentForm::Pdf).await?;
                pdf.map(|bytes| (format!("{name}.pdf"), bytes)).into_iter().collect()
            }
            true => {
                let pages = pages(&office, certificate.id, args.page).await?;
                pages.into_iter().map(|(page, bytes)| (format!("{name} page {page}.jpg"), bytes)).collect()
            }
        };
        if documents.is_empty() {
            without += 1;
            office.warn(format!("certificate {} has no such document", certificate.id));
        }
        for (name, bytes) in documents {
            let path = free(&args.to, &name);
            certonboard::journal::write_private(&path, &bytes)
                .map_err(|e| Fault::new(Exit::Failed, format!("{}: it can't be written: {e}", path.display())))?;
            saved.push(json!({ "certificate": certificate.id, "file": path, "bytes": bytes.len() }));
        }
    }
    office.print(&saved, || {
        let line = |s: &serde_json::Value| s["file"].as_str().unwrap_or_default().to_owned();
        certonboard::ui::printable_lines(&saved.iter().map(line).collect::<Vec<_>>().join("\n"))
    })?;
    Ok(if without > 0 { Exit::Waiting } else { Exit::Done })
}

/// A name that is not taken: nothing is overwritten.
fn free(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    if !path.exists() {
        return path;
    }
    let (stem, end) = name.rsplit_once('.').unwrap_or((name, ""));
    (2..).map(|n| folder.join(format!("{stem} {n}.{end}"))).find(|p| !p.exists()).unwrap_or(path)
}

pub async fn print(args: &PrintArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let mut words = args.command.split_whitespace();
    let program = words.next().ok_or_else(|| Fault::input("the print command is empty"))?.to_owned();
    let more: Vec<String> = words.map(str::to_owned).collect();
    let folder = tempfile::tempdir().map_err(|e| Fault::new(Exit::Failed, format!("there is no room for the documents: {e}")))?;
    let (mut printed, mut without) = (Vec::new(), 0);
    for certificate in chosen(&office, &args.which).await? {
        let Some(pdf) = office.service.document(office.company.id, certificate.id, DocumentForm::Pdf).await? else {
            without += 1;
            office.warn(format!("certificate {} has no document", certificate.id));
            continue;
        };
        let path = folder.path().join(format!("{}.pdf", file_name(&held(&certificate, office.today))));
        let failed = |what: String| Fault::new(Exit::Failed, what);
        certonboard::journal::write_private(&path, &pdf).map_err(|e| failed(format!("{}: it can't be written: {e}", path.display())))?;
        let ended = std::process::Command::new(&program).args(&more).arg(&path).stdout(std::process::Stdio::null()).status();
        match ended {
            Ok(status) if status.success() => printed.push(certificate.id),
            Ok(status) => return Err(failed(format!("`{}` ended with {status}; {} were printed before", args.command, printed.len()))),
            Err(e) => {
                return Err(Fault::input(format!("`{program}` can't be started: {e}"))
                    .hint("install the print system (apt-get install cups-client), or name another command with --with"));
            }
        }
    }
    office.print(&json!({ "printed": printed }), || format!("Printed       {}", counted(printed.len(), "document", "documents")))?;
    Ok(if without > 0 { Exit::Waiting } else { Exit::Done })
}

pub async fn unlink(args: &UnlinkArgs) -> Result<Exit, Fault> {
    if !args.all && (args.customers.is_empty() || args.certificates.is_empty()) {
        let text = "name both the customers and the certificates";
        return Err(Fault::input(text).hint("or add --all: all certificates of the customers, or all customers of the certificates"));
    }
    let mut change = begin("certificates unlink", &args.change).await?;
    let office = &change.office;
    let mut on_file = Vec::new();
    for id in &args.certificates {
        on_file.extend(office.service.certificate(office.company.id, *id).await?);
    }
    for code in &args.customers {
        office.customer(code).await?;
    }
    let pair = |customer: &CustomerCode, certificate: CertificateId| Unlinking { customer: customer.clone(), certificate };
    let mut wanted: BTreeSet<Unlinking> = BTreeSet::new();
    for code in &args.customers {
        match args.certificates.is_empty() {
            false => wanted.extend(args.certificates.iter().map(|id| pair(code, *id))),
            true => {
                for held in office.service.certificates_of(office.company.id, code).await? {
                    wanted.insert(pair(code, held.id));
                    if on_file.iter().all(|c: &CertificateOnFile| c.id != held.id) {
                        on_file.extend(office.service.certificate(office.company.id, held.id).await?);
                    }
                }
            }
        }
    }
    if args.customers.is_empty() {
        if let Some(id) = args.certificates.iter().find(|id| on_file.iter().all(|c| c.id != **id)) {
            one(office, *id).await?;
        }
        wanted = on_file.iter().flat_map(|c| c.customers.iter().map(|code| pair(code, c.id))).collect();
    }
    let plan = plan_unlinking(&wanted, &on_file, &args.change.reason);
    let text = match plan.actions.len() {
        1 => "Take 1 certificate from its customers?".to_owned(),
        n => format!("Take {n} certificates from their customers?"),
    };
    let reasons = vec!["past transactions stay as they are; new ones are taxed where no other certificate counts".to_owned()];
    let changed = change.carry_out(plan, &question(text, reasons)).await?;
    change.end(&changed)
}

pub async fn delete(args: &DeleteArgs) -> Result<Exit, Fault> {
    let wanted: BTreeSet<CertificateId> = args.ids.iter().copied().collect();
    let mut change = begin("certificates delete", &args.change).await?;
    let office = &change.office;
    let mut on_file = Vec::new();
    for id in &wanted {
        on_file.extend(office.service.certificate(office.company.id, *id).await?);
    }
    let deletion = Deletion { wanted: &wanted, on_file: &on_file, all_customers: args.all_customers, reason: &args.change.reason };
    let plan = match plan_deletions(&deletion) {
        Ok(plan) => plan,
        Err(shared) => {
            let list = |codes: &[CustomerCode]| codes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let told: Vec<String> = shared.iter().map(|(id, codes)| format!("certificate {id} would be lost by {}", list(codes))).collect();
            return Err(Fault::input(format!("nothing was deleted: {}", told.join("; ")))
                .hint("`certificates unlink` takes it from one of them; --all-customers deletes it for all"));
        }
    };
    let ids: Vec<CertificateId> = plan
        .actions
        .iter()
        .filter_map(|a| match a.write {
            certonboard::plan::Write::DeleteCertificate { certificate, .. } => Some(certificate),
            _ => None,
        })
        .collect();
    if !args.change.dry_run && !ids.is_empty() {
        for action in &plan.actions {
            office.printer.show(Block::Warn(action.write.describe()));
        }
        confirm_numbers(args, &ids)?;
    }
    let text = format!("Delete {} for good?", counted(plan.actions.len(), "certificate", "certificates"));
    let reasons = vec!["they can't be brought back".to_owned()];
    let changed = change.carry_out(plan, &question(text, reasons)).await?;
    change.end(&changed)
}

/// What can't be undone is named twice: typed in at the terminal, or by `--confirm-number`.
fn confirm_numbers(args: &DeleteArgs, ids: &[CertificateId]) -> Result<(), Fault> {
    let asked = !args.change.non_interactive && std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    for id in ids {
        if args.confirmed.contains(id) {
            continue;
        }
        if !asked {
            return Err(Fault::input(format!("deleting certificate {id} needs its number once more"))
                .hint(format!("add --confirm-number {id} when that is really meant")));
        }
        let typed = certonboard::ui::ask_line(&format!("Type the certificate's number ({id}) to delete it"))
            .map_err(|e| Fault::input(format!("the number can't be read from the terminal: {e}")))?;
        if typed.trim() != id.to_string() {
            return Err(Fault::new(Exit::Declined, format!("that is not {id}: nothing was deleted")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use certonboard::domain::TaxNumber;

    #[test]
    fn names_tell_and_lead_nowhere() {
        let certificate = |code: &str, number: &str| CertificateOnFile {
            id: CertificateId(5001),
            zone_name: "Texas".to_owned(),
            region: None,
            reason: None,
            number: TaxNumber::new(number),
            signed: None,
            expires: Some(jiff::civil::date(2027, 3, 14)),
            document_exists: true,
            valid: None,
            status: None,
            customers: vec![CustomerCode::new(code).unwrap()],
        };
        let name = |code: &str, number: &str| file_name(&held(&certificate(code, number), jiff::civil::date(2026, 11, 20)));
        assert_eq!(name("C1021", "32049817263"), "C1021 Texas 32049817263 until 2027-03-14 (5001)");
        let hostile = name("../../etc/B\u{202e}", "a:b|c*?");
        assert!(!hostile.contains(['/', '\\', ':', '|', '*', '?', '\u{202e}']) && !hostile.starts_with('.'), "{hostile}");
    }
}
