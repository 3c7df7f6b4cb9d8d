//! `certonboard attributes list|link|unlink` and `certonboard ecommerce-token`.

use super::{Office, begin, columns, open, question};
use certonboard::cli::{ChangeAttributesArgs, Exit, ListAttributesArgs, TokenArgs, WhoseAttributes};
use certonboard::domain::{Attribute, AttributeOwner};
use certonboard::error::Fault;
use certonboard::plan::plan_attributes;

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

pub async fn token(args: &TokenArgs) -> Result<Exit, Fault> {
    let office = open(&args.service).await?;
    office.customer(&args.code).await?;
    let token = office.service.ecommerce_token(office.company.id, &args.code).await?;
    office.print(&token, || {
        let until = token.expires.map_or(String::new(), |at| format!("\nGood until    {at}"));
        format!("Token         {}{until}", token.token)
    })
}
