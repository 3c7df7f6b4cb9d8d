//! `certonboard customers show|list|create|update`.

use super::{Change, Office, begin, columns, day, open, question};
use crate::commands::adapters::Workbooks;
use certonboard::cli::{self, Exit, ListCustomersArgs, PutCustomerArgs, ShowCustomerArgs, WhichCustomers};
use certonboard::domain::{
    Address, CertificateOnFile, Contact, Country, Customer, CustomerCode, CustomerOnFile, ExemptStatus, Exemption, InvitationOnFile,
    counted, nearest,
};
use certonboard::error::Fault;
use certonboard::lifecycle::{CustomerFilter, CustomerStatus, ErpWord, customer_status};
use certonboard::plan::{CustomerInputs, Plan, Write, plan_customers};
use certonboard::wizard::{ListChoices, ReadList, Wanted};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub async fn show(args: &ShowCustomerArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let customer = office.customer(&args.code).await?;
    let company = office.company.id;
    let certificates = office.service.certificates_of(company, &args.code).await?;
    let invitations: Vec<InvitationOnFile> =
        office.service.invitations(company, None).await?.into_iter().filter(|i| i.customer == args.code).collect();
    let status = customer_status(&customer, &certificates, &invitations, office.today);
    office.print(&status, || told(&status))
}

fn told(status: &CustomerStatus) -> String {
    let mut lines = vec![format!("{} {}", status.code, status.name), format!("Address       {}", status.address)];
    lines.push(format!("E-mail        {}", status.email.as_deref().unwrap_or("–")));
    match status.exempt_in.as_slice() {
        [] => lines.push("Exempt in     no state: it has no certificate that counts today".to_owned()),
        states => {
            for (n, state) in states.iter().enumerate() {
                let until = state.expires.map_or("no end".to_owned(), |d| format!("until {d}"));
                let reason = state.reason.as_deref().unwrap_or("no reason on file");
                let head = if n == 0 { "Exempt in     " } else { "              " };
                lines.push(format!("{head}{}, {reason}, {until} (certificate {})", state.zone, state.certificate));
            }
        }
    }
    if !status.certificates.is_empty() {
        lines.push(String::new());
        // The last column names the customers, and this is the one.
        let rows: Vec<Vec<String>> = status.certificates.iter().map(|c| super::certificates::row(c)[..7].to_vec()).collect();
        lines.push(columns(&super::certificates::HEAD[..7], &rows));
    }
    if !status.invitations.is_empty() {
        lines.push(String::new());
        let rows: Vec<Vec<String>> = status.invitations.iter().map(super::invitations::row).collect();
        lines.push(columns(&super::invitations::HEAD, &rows));
    }
    certonboard::ui::printable_lines(&lines.join("\n"))
}

/// Every customer of the company with how it stands.
pub struct All {
    pub customers: Vec<CustomerOnFile>,
    pub certificates: Vec<CertificateOnFile>,
    statuses: Vec<CustomerStatus>,
}

impl All {
    pub async fn read(office: &Office) -> Result<Self, Fault> {
        let company = office.company.id;
        let customers = office.service.customers(company).await?;
        let certificates = office.service.certificates(company).await?;
        let mut held: BTreeMap<&CustomerCode, Vec<CertificateOnFile>> = BTreeMap::new();
        for certificate in &certificates {
            for code in &certificate.customers {
                held.entry(code).or_default().push(certificate.clone());
            }
        }
        let none = Vec::new();
        let statuses = customers.iter().map(|c| customer_status(c, held.get(&c.code).unwrap_or(&none), &[], office.today)).collect();
        Ok(Self { customers, certificates, statuses })
    }

    /// Those that the filter takes, by code.
    pub fn chosen(&self, office: &Office, which: &WhichCustomers, erp: &ErpWord) -> Vec<&CustomerStatus> {
        let filter = CustomerFilter {
            exempt: which.exempt,
            without_certificate: which.without_certificate,
            expiring: which.expiring,
            state: which.state.clone(),
        };
        let takes = |(customer, status): &(&CustomerOnFile, &CustomerStatus)| {
            filter.takes(status, customer.address.region.as_ref(), erp, office.today)
        };
        let mut chosen: Vec<&CustomerStatus> = self.customers.iter().zip(&self.statuses).filter(takes).map(|(_, status)| status).collect();
        chosen.sort_by(|a, b| a.code.cmp(&b.code));
        chosen
    }
}

/// Whom the ERP calls exempt, from the list that was given, else from the run's.
pub fn erp_word(office: &Office, which: &WhichCustomers) -> Result<ErpWord, Fault> {
    let Some(file) = &which.customers else {
        if which.exempt && which.without_certificate && office.erp.is_none() {
            let text = "who is exempt and has no certificate is known to the ERP alone";
            return Err(Fault::input(text).hint("give its list with --customers FILE, or --run RUN"));
        }
        return Ok(office.erp.clone());
    };
    let list = read_list(file, &cli::ListArgs::default())?;
    Ok(Some(list.into_iter().filter(Customer::is_exempt).map(|c| c.code).collect()))
}

pub async fn list(args: &ListCustomersArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let erp = erp_word(&office, &args.which)?;
    let all = All::read(&office).await?;
    let chosen = all.chosen(&office, &args.which, &erp);
    office.print(&chosen, || {
        let row = |c: &&CustomerStatus| {
            let states = c.exempt_in.iter().map(|e| e.zone.as_str()).collect::<Vec<_>>().join(" ");
            let first = c.exempt_in.iter().filter_map(|e| e.expires).min();
            vec![c.code.to_string(), c.name.clone(), states, day(first), c.certificates.len().to_string()]
        };
        let rows: Vec<Vec<String>> = chosen.iter().map(row).collect();
        match rows.is_empty() {
            true => "No such customers.".to_owned(),
            false => columns(&["CODE", "NAME", "EXEMPT IN", "FIRST END", "CERTIFICATES"], &rows),
        }
    })
}

/// The customers of an ERP's list, as a run would read it.
fn read_list(file: &Path, list: &cli::ListArgs) -> Result<Vec<Customer>, Fault> {
    let supplied = crate::commands::customers::supplied(list)?;
    let choices = ListChoices::from_supplied(&[&supplied])?;
    let sum = crate::commands::customers::sha256;
    let read = ReadList::read(&Workbooks, file, choices, Wanted::Customers, cli::jobs(None), sum)?;
    if read.layout.ambiguous.iter().any(|doubt| !read.choices.settles(doubt)) {
        return Err(Fault::input(format!("{}: it is not sure which columns mean what", file.display()))
            .hint(format!("`certonboard customers summary {}` tells; settle it with --column or --mapping", file.display())));
    }
    let conflicting = &read.list.conflicting;
    Ok(read.list.customers.iter().filter(|c| !conflicting.contains(&c.code)).cloned().collect())
}

pub async fn create(args: &PutCustomerArgs) -> Result<Exit, Fault> {
    put(args, true).await
}

pub async fn update(args: &PutCustomerArgs) -> Result<Exit, Fault> {
    put(args, false).await
}

async fn put(args: &PutCustomerArgs, new: bool) -> Result<Exit, Fault> {
    let list = args.customers.as_deref().map(|file| read_list(file, &args.list)).transpose()?;
    let mut change: Change = begin(if new { "customers create" } else { "customers update" }, &args.change).await?;
    let office = &change.office;
    let present = office.service.customers(office.company.id).await?;
    let there: BTreeSet<&CustomerCode> = present.iter().map(|c| &c.code).collect();
    let wanted = match list {
        Some(list) => {
            let asked: BTreeSet<&CustomerCode> = args.codes.iter().collect();
            if let Some(missing) = args.codes.iter().find(|code| list.iter().all(|c| c.code != **code)) {
                let near = nearest(missing.as_str(), list.iter().map(|c| c.code.as_str()));
                let hint = near.map_or_else(
                    || "`certonboard customers summary` shows what the list holds".to_owned(),
                    |near| format!("did you mean {near}?"),
                );
                return Err(Fault::input(format!("the list has no customer {missing} that can be sent")).hint(hint));
            }
            if let Some(code) = args.codes.iter().find(|code| there.contains(code) == new) {
                return match new {
                    true => Err(Fault::input(format!("customer {code} is there already")).hint("`customers update` changes it")),
                    false => Err(office.no_such_customer(code, &present)),
                };
            }
            list.into_iter().filter(|c| asked.is_empty() || asked.contains(&c.code)).collect()
        }
        None => {
            let [code] = args.codes.as_slice() else {
                return Err(Fault::input("the flags describe one customer").hint("give one code, or a list with --customers FILE"));
            };
            let on_file = present.iter().find(|c| c.code == *code);
            match (new, on_file) {
                (true, Some(_)) => {
                    return Err(Fault::input(format!("customer {code} is there already")).hint("`customers update` changes it"));
                }
                (false, None) => return Err(office.no_such_customer(code, &present)),
                _ => vec![from_flags(args, code, on_file)?],
            }
        }
    };
    let definitions = office.service.definitions(office.company.id).await?;
    let wanted: Vec<Customer> = wanted.into_iter().filter(|c| there.contains(&c.code) != new).collect();
    let plan = plan_customers(&CustomerInputs { wanted: &wanted, present: &present, zones: &definitions.zones });
    let actions = plan.actions.into_iter().map(|a| certonboard::plan::Action { reason: reason(&a.write, &a.reason, args), ..a }).collect();
    let plan = Plan::new(plan.gate, actions, plan.unchanged, plan.notes);
    let verb = if new { "Create" } else { "Update" };
    let text = format!("{verb} {} in {}?", counted(plan.actions.len(), "customer", "customers"), office.company.name);
    let question = question(text, vec![args.change.reason.clone()]);
    let changed = change.carry_out(plan, &question).await?;
    change.end(&changed)
}

fn reason(write: &Write, differences: &str, args: &PutCustomerArgs) -> String {
    match write {
        Write::UpdateCustomer { .. } => differences.to_owned(),
        _ => args.change.reason.clone(),
    }
}

/// The record as the flags say; what they leave out stays as it is.
fn from_flags(args: &PutCustomerArgs, code: &CustomerCode, on_file: Option<&CustomerOnFile>) -> Result<Customer, Fault> {
    let need = |given: &Option<String>, present: Option<&String>, flag: &str| {
        let found = given.clone().or_else(|| present.cloned()).filter(|text| !text.trim().is_empty());
        found.ok_or_else(|| Fault::input(format!("a new customer needs {flag}")))
    };
    let given = |flag: &Option<String>, present: Option<&String>| flag.clone().or_else(|| present.cloned());
    let address = on_file.map(|c| &c.address);
    let contact = on_file.map(|c| &c.contact);
    let country = match &args.country {
        Some(text) => {
            Country::from_code(text).ok_or_else(|| Fault::input(format!("`{text}` is no country; write two letters, such as US")))?
        }
        None => address.map_or(Country::US, |a| a.country),
    };
    let region = args.region.clone().or_else(|| address.and_then(|a| a.region.clone()));
    if region.is_none() && (country == Country::US || country == Country::CA) {
        return Err(Fault::input("a customer in the US or Canada needs --region"));
    }
    Ok(Customer {
        code: code.clone(),
        name: need(&args.name, on_file.map(|c| &c.name), "--name")?,
        address: Address {
            line1: need(&args.line1, address.map(|a| &a.line1), "--line1")?,
            line2: given(&args.line2, address.and_then(|a| a.line2.as_ref())),
            city: need(&args.city, address.map(|a| &a.city), "--city")?,
            region,
            postal_code: need(&args.postal_code, address.map(|a| &a.postal_code), "--postal-code")?,
            country,
        },
        contact: Contact {
            name: given(&args.contact, contact.and_then(|c| c.name.as_ref())),
            email: given(&args.email, contact.and_then(|c| c.email.as_ref())),
            phone: given(&args.phone, contact.and_then(|c| c.phone.as_ref())),
            fax: given(&args.fax, contact.and_then(|c| c.fax.as_ref())),
        },
        exemption: Exemption { status: ExemptStatus::Taxable, rule: "not from a list".into(), number: None, reason: None, expires: None },
        ship_to: on_file.and_then(|c| c.exposure_zones.clone()).unwrap_or_default(),
        parent: None,
        row: 0,
    })
}
