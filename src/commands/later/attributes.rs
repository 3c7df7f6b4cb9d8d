//! `certonboard attributes list|link|unlink` and `certonboard ecommerce-token`.

use super::{Office, begin, columns, open, question};
use certonboard::apply::Outcome;
use certonboard::cli::{ChangeAttributesArgs, Exit, ListAttributesArgs, TokenArgs, WhoseAttributes};
use certonboard::domain::{Attribute, AttributeOwner};
use certonboard::error::Fault;
use certonboard::lifecycle::Changed;
use certonboard::plan::plan_attributes;
use serde_json::json;

fn owner(whose: &WhoseAttributes) -> Option<AttributeOwner> {
    let customer = whose.customer.clone().map(AttributeOwner::Customer);
    customer.or(whose.certificate.map(AttributeOwner::Certificate))
}

async fn present(office: &Office, owner: &AttributeOwner) -> Result<Vec<Attribute>, Fault> {
    if let AttributeOwner::Customer(code) = owner {
        office.customer(code).await?;
    }
    Ok(office.service.attributes_of(office.company.id, owner).await?)
}

pub async fn list(args: &ListAttributesArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    let found = match owner(&args.whose) {
        Some(owner) => present(&office, &owner).await?,
        None => office.service.known_attributes(office.company.id).await?,
    };
    office.print(&found, || {
        let row = |a: &Attribute| vec![a.id.to_string(), a.name.clone(), a.description.clone().unwrap_or_default()];
        match found.is_empty() {
            true => "No attributes.".to_owned(),
            false => columns(&["ID", "NAME", "MEANS"], &found.iter().map(row).collect::<Vec<_>>()),
        }
    })
}

pub async fn change(args: &ChangeAttributesArgs, link: bool) -> Result<Exit, Fault> {
    let Some(owner) = owner(&args.whose) else {
        return Err(Fault::input("whose attributes are meant?").hint("give --customer CODE or --certificate ID"));
    };
    let mut change = begin(if link { "attributes link" } else { "attributes unlink" }, &args.change).await?;
    let present = present(&change.office, &owner).await?;
    let plan = plan_attributes(&owner, link, &args.names, &present, &args.change.reason);
    let text = format!("Change the attributes of {owner}?");
    let changed = change.carry_out(plan, &question(text, vec![args.change.reason.clone()])).await?;
    change.end(&changed)
}

/// The token itself is printed and kept nowhere; the record says for whom one was made, and until when it is good.
pub async fn token(args: &TokenArgs) -> Result<Exit, Fault> {
    let mut change = begin("ecommerce-token", &args.change).await?;
    change.office.customer(&args.code).await?;
    let text = format!("Make a token for {}?", args.code);
    let know = vec!["whoever has it can send in a certificate for this customer".to_owned()];
    if !change.confirmed(&question(text, know)).await? {
        return change.end(&Changed {
            planned: 1,
            writes: Vec::new(),
            unchanged: 0,
            notes: Vec::new(),
            outcome: None,
            declined: !args.change.dry_run,
        });
    }
    let token = change.office.service.ecommerce_token(change.office.company.id, &args.code).await?;
    change.note("token", &json!({ "customer": args.code, "expires": token.expires }))?;
    let outcome = Some(Outcome { done: 1, ..Outcome::default() });
    let changed = Changed { planned: 1, writes: Vec::new(), unchanged: 0, notes: Vec::new(), outcome, declined: false };
    let until = token.expires.map_or(String::new(), |at| format!("\nGood until    {at}"));
    let told = format!("Token         {}{until}", token.token);
    change.end_with(&changed, json!({ "token": token.token, "expires": token.expires }), || told)
}
