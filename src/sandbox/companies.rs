//! Ping, companies, and the set-up of certificate storage.
//!
//! Owns: a company's provisioning state. Must not touch: customers, certificates.

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use super::auth;
use super::errors::{ApiError, Code};
use super::filter::{Field, Kind};
use super::listing::Resource;
use super::wire::{Call, Reply};

const COMPANY: Resource = Resource {
    fields: &[
        Field::new("id", "c.id", Kind::Integer),
        Field::new("accountId", "c.account_id", Kind::Integer),
        Field::new("companyCode", "c.code", Kind::Text),
        Field::new("name", "c.name", Kind::Text),
        Field::new("isDefault", "c.is_default", Kind::Boolean),
        Field::new("isActive", "1", Kind::Boolean),
        Field::new("hasProfile", "1", Kind::Boolean),
        Field::new("isReportingEntity", "0", Kind::Boolean),
        Field::new("defaultCountry", "'US'", Kind::Text),
        Field::new("baseCurrencyCode", "'USD'", Kind::Text),
        Field::new("roundingLevelId", "'Line'", Kind::Text),
        Field::new("warningsEnabled", "1", Kind::Boolean),
        Field::new("isTest", "1", Kind::Boolean),
        Field::new("taxDependencyLevelId", "'Document'", Kind::Text),
        Field::new("inProgress", "0", Kind::Boolean),
        Field::new("createdDate", "c.created", Kind::Moment),
        Field::new("modifiedDate", "c.modified", Kind::Moment),
        Field::nested("isFein"),
        Field::nested("contacts"),
        Field::nested("items"),
        Field::nested("locations"),
        Field::nested("nexus"),
        Field::nested("settings"),
        Field::nested("taxCodes"),
        Field::nested("taxRules"),
        Field::nested("upcs"),
        Field::nested("nonReportingChildCompanies"),
        Field::nested("exemptCerts"),
        Field::nested("parameters"),
        Field::nested("supplierandcustomers"),
    ],
    from: "companies c",
    order: "c.id",
};

/// Never refuses: the caller reads from the answer whether it is signed in.
pub(super) fn ping(call: &Call<'_>) -> Result<Reply, ApiError> {
    let options = &call.context.options;
    let answer = match auth::check(call.authorization.as_deref(), options) {
        Ok(method) => json!({
            "version": concat!("sandbox-", env!("CARGO_PKG_VERSION")),
            "authenticated": true,
            "authenticationType": method.wire_name(),
            "authenticatedUserName": match (&options.user, method) {
                (Some((name, _)), auth::Method::Password) => name.clone(),
                _ => options.account_id.clone(),
            },
            "authenticatedUserId": 1,
            "authenticatedAccountId": options.account_id.parse::<i64>().unwrap_or_default(),
        }),
        Err(_) => json!({
            "version": concat!("sandbox-", env!("CARGO_PKG_VERSION")),
            "authenticated": false,
            "authenticationType": "None",
        }),
    };
    Ok(Reply::json(&answer))
}

pub(super) fn query(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| Ok(COMPANY.page(c, call, "1", Vec::new())?.reply()))
}

pub(super) fn get(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context
        .store
        .read(|c| COMPANY.one(c, "c.id = ?1", [call.params.company])?.map(Reply::object).ok_or_else(|| unknown(call.params.company)))
}

fn unknown(company: i64) -> ApiError {
    ApiError::not_found("Company", "id", company)
}

fn setup_state(connection: &Connection, company: i64) -> Result<(i64, String, i64), ApiError> {
    connection
        .prepare_cached("SELECT account_id, setup_status, setup_polls FROM companies WHERE id = ?1")?
        .query_row([company], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .ok_or_else(|| unknown(company))
}

/// Every customer, certificate and invitation call starts here.
pub(super) fn require_setup(connection: &Connection, company: i64) -> Result<(), ApiError> {
    let (_, status, _) = setup_state(connection, company)?;
    if status == "Provisioned" {
        Ok(())
    } else {
        Err(ApiError::new(Code::CERTIFICATES_NOT_SETUP, format!("The company '{company}' is not found for exemption certificates.")))
    }
}

fn setup_reply(account: i64, company: i64, status: &str) -> Reply {
    Reply::json(&json!({"status": status, "accountId": account, "companyId": company}))
}

pub(super) fn get_setup(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    call.context.store.write(|tx| {
        let (account, mut status, polls) = setup_state(tx, company)?;
        if status == "InProgress" {
            if polls == 0 {
                status = "Provisioned".to_owned();
                tx.execute("UPDATE companies SET setup_status = 'Provisioned' WHERE id = ?1", [company])?;
            } else {
                tx.execute("UPDATE companies SET setup_polls = setup_polls - 1 WHERE id = ?1", [company])?;
            }
        }
        Ok(setup_reply(account, company, &status))
    })
}

pub(super) fn request_setup(call: &Call<'_>) -> Result<Reply, ApiError> {
    let company = call.params.company;
    let polls = call.context.options.provisioning_polls;
    call.context.store.write(|tx| {
        let (account, mut status, _) = setup_state(tx, company)?;
        if status == "NotProvisioned" {
            status = if polls == 0 { "Provisioned" } else { "InProgress" }.to_owned();
            tx.execute(
                "UPDATE companies SET setup_status = ?2, setup_polls = ?3 WHERE id = ?1",
                rusqlite::params![company, status, polls],
            )?;
        }
        Ok(setup_reply(account, company, &status))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_company_is_not_an_unprovisioned_one() {
        assert_eq!(unknown(1).number(), 4);
    }
}
