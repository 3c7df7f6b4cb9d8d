//! The keys. The doc comments here become the schema's descriptions and the comments of the template, so they are written for its reader.

use crate::domain::{Delivery, PolicyWishes};
use crate::plan::NoExpiration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Answers for a run of certonboard. Every key may be left out; a run without a terminal says which one it misses.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answers {
    /// The merchant's name as it stands on certificates, where they name the seller.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Blue Heron Supply Co.")]
    pub merchant: Option<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub customers: CustomersAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub certificates: CertificatesAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub service: ServiceAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub setup: SetupAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub sync: SyncAnswers,
    /// What to do for the exempt customers once all customers are synced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionAnswer>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub create: CreateAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub invitations: InvitationsAnswers,
    #[serde(default, skip_serializing_if = "is_default")]
    pub apply: ApplyAnswers,
    /// How strict to be with papers.
    #[serde(default, skip_serializing_if = "is_default")]
    pub policy: PolicyWishes,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The merchant's customer list.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CustomersAnswers {
    /// The spreadsheet: xlsx, xlsm, xls, xlsb, ods, csv, tsv or txt.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"customers.xlsx")]
    pub file: Option<String>,
    /// The sheet to read, when the right one is not found by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"Customers")]
    pub sheet: Option<String>,
    /// The row that holds the column headers, counted from 1, when it is not found by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 3)]
    pub header_row: Option<u32>,
    /// The columns of an earlier export of the same system: a file that --save-mapping wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"erp-columns.yaml")]
    pub mapping: Option<String>,
    /// Columns by hand: what is wanted on the left, the header in the spreadsheet on the right; `-` says that no column has it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub columns: BTreeMap<String, String>,
    /// Use the columns as they were recognised.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub columns_ok: Option<bool>,
    /// Take in the customers that the ERP marks as inactive. Without this they are left out and counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub include_inactive: Option<bool>,
    /// How customers count whose columns disagree about exemption, such as “Taxable: yes” beside an exemption number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contradictions: Option<Contradictions>,
    /// What the merchant's own codes mean in columns of flags, tax codes or tax classes: `exempt` or `taxable` for each.
    #[serde(default, skip_serializing_if = "is_default")]
    pub tax_values: BTreeMap<String, TaxValue>,
    /// A problems workbook that the merchant corrected and sent back; its rows take the place of those in the list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"customer-problems.xlsx")]
    pub corrections: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Contradictions {
    /// As the most explicit column says: the flag, then the tax code.
    ByFlag,
    /// As exempt.
    AsExempt,
    /// As taxable.
    AsTaxable,
}

/// What one value of a tax column means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaxValue {
    Exempt,
    Taxable,
}

/// The folder of certificate scans.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificatesAnswers {
    /// The folder: PDF, TIFF, PNG, JPEG, GIF, BMP, WebP, or ZIP files of these.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"certificates")]
    pub folder: Option<String>,
}

/// Which service, and which company in it. Credentials never stand here: they come from the environment or are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceAnswers {
    /// Which of Avalara's services: AvaTax, or CertCapture by itself. AvaTax when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<ServiceKindAnswer>,
    /// How CertCapture is spoken to: as its OpenAPI description says, or as Avalara's guide does. `openapi` when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectAnswer>,
    /// `practice` is the built-in sandbox on this machine, `avatax-sandbox` and `avatax-production` are Avalara's own.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// Another address of an AvaTax REST v2 service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"http://127.0.0.1:8099")]
    pub base_url: Option<String>,
    /// The company's code in the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"DEFAULT")]
    pub company: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ServiceKindAnswer {
    Avatax,
    Certcapture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DialectAnswer {
    Openapi,
    Guide,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    Practice,
    AvataxSandbox,
    AvataxProduction,
}

/// Certificate storage of the company.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetupAnswers {
    /// Ask the service to set up certificate storage when the company has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub request_storage: Option<bool>,
    /// How many minutes to wait for it. Avalara needed 3 to 5.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 15)]
    pub wait_minutes: Option<u32>,
}

/// Sending the customers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncAnswers {
    /// Create the missing customers in the service and update those that differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub confirm: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ActionAnswer {
    /// Upload the certificates that are there, then invite the rest.
    Both,
    /// Only upload certificates.
    Upload,
    /// Only send invitations.
    Invite,
    Neither,
}

/// Creating and linking certificates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAnswers {
    /// Create the accepted certificates and link each to its customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub confirm: Option<bool>,
    /// What to send as expiration date for a paper that shows none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_expiration: Option<NoExpiration>,
    /// How many minutes to wait at most until the service exempts the customers whose certificates were created. 3 when left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 3)]
    pub wait_minutes: Option<u64>,
}

/// Inviting exempt customers that are still without a certificate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationsAnswers {
    /// Send the invitations.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub confirm: Option<bool>,
    /// How the invitations go out. `Download` sends nothing and gives links to pass on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<Delivery>,
    /// The cover letter's title in the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"STANDARD_REQUEST")]
    pub cover_letter: Option<String>,
    /// The exemption reason to ask for, or `from-erp` for the ERP's reason of each customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"RESALE")]
    pub reason: Option<String>,
    /// Do not invite a customer that was invited within this many days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 14)]
    pub window_days: Option<u16>,
    /// How many minutes to wait for the invitation links.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5)]
    pub wait_minutes: Option<u32>,
}

/// The JSON Schema of the answers file, made from the types above.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Answers).to_value()
}

/// Carrying out a plan that `certonboard plan` wrote.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyAnswers {
    /// Whether to carry out the plan as it stands in its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = true)]
    pub confirm: Option<bool>,
}
