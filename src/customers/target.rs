//! What a column of a customer list can stand for. The names are stable: they are keys in the answers file and in saved mappings.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

macro_rules! targets {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $label:literal;)*) => {
        /// The meaning of a column.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Target {
            $($(#[$doc])* $variant,)*
        }

        impl Target {
            pub const ALL: &'static [Target] = &[$(Target::$variant),*];

            /// The key in files.
            pub fn name(self) -> &'static str {
                match self { $(Target::$variant => $name,)* }
            }

            /// For people.
            pub fn label(self) -> &'static str {
                match self { $(Target::$variant => $label,)* }
            }
        }
    };
}

targets! {
    CustomerCode = "customer_code", "customer code";
    /// Stands before the code with a dash: a division.
    CodePrefix = "code_prefix", "part before the customer code";
    CodeAndName = "code_and_name", "customer code and name in one cell";
    /// The code of the customer that this one belongs to.
    ParentCode = "parent_code", "parent customer";
    Name = "name", "name";
    NameContinued = "name_continued", "second part of the name";
    AlternateName = "alternate_name", "other name (DBA)";
    FirstName = "first_name", "first name";
    LastName = "last_name", "last name";
    Contact = "contact", "contact person";
    Line1 = "line1", "address line 1";
    Line2 = "line2", "address line 2";
    Line3 = "line3", "address line 3";
    Line4 = "line4", "address line 4";
    Line5 = "line5", "address line 5";
    City = "city", "city";
    Region = "region", "state or province";
    PostalCode = "postal_code", "ZIP or postal code";
    Country = "country", "country";
    WholeAddress = "whole_address", "whole address in one cell";
    CityStateZip = "city_state_zip", "city, state and ZIP in one cell";
    Email = "email", "e-mail";
    Phone = "phone", "phone";
    Fax = "fax", "fax";
    /// Yes means exempt.
    ExemptFlag = "exempt_flag", "tax exempt (yes means exempt)";
    /// Yes means taxed.
    TaxableFlag = "taxable_flag", "taxable (yes means taxed)";
    TaxCode = "tax_code", "tax code";
    TaxSchedule = "tax_schedule", "tax schedule or group";
    EntityUseCode = "entity_use_code", "entity use code";
    ExemptionNumber = "exemption_number", "exemption or resale number";
    ExemptionReason = "exemption_reason", "exemption reason";
    ExemptionExpiry = "exemption_expiry", "exemption expiry date";
    /// Yes means inactive.
    Inactive = "inactive", "inactive (yes means inactive)";
    /// Yes means active.
    Active = "active", "active or status";
    /// Bill-to or ship-to, by row.
    RecordKind = "record_kind", "bill-to or ship-to";
    /// Customer, lead or vendor, by row.
    CustomerType = "customer_type", "kind of partner";
    ShipLine1 = "ship_line1", "ship-to address line 1";
    ShipLine2 = "ship_line2", "ship-to address line 2";
    ShipCity = "ship_city", "ship-to city";
    ShipRegion = "ship_region", "ship-to state";
    ShipPostalCode = "ship_postal_code", "ship-to ZIP";
    ShipCountry = "ship_country", "ship-to country";
}

impl Target {
    /// The ship-to twin of an address target.
    pub(super) fn shipped(self) -> Option<Target> {
        match self {
            Target::Line1 => Some(Target::ShipLine1),
            Target::Line2 => Some(Target::ShipLine2),
            Target::City => Some(Target::ShipCity),
            Target::Region => Some(Target::ShipRegion),
            Target::PostalCode => Some(Target::ShipPostalCode),
            Target::Country => Some(Target::ShipCountry),
            _ => None,
        }
    }

    /// Part of an address, which may be billed to or shipped to.
    pub(super) fn is_address(self) -> bool {
        self.shipped().is_some()
            || matches!(self, Target::Line3 | Target::Line4 | Target::Line5 | Target::WholeAddress | Target::CityStateZip)
    }

    /// A wrong choice here is worth a question.
    pub(super) fn matters(self) -> bool {
        matches!(
            self,
            Target::CustomerCode
                | Target::CodeAndName
                | Target::Name
                | Target::Line1
                | Target::City
                | Target::Region
                | Target::PostalCode
                | Target::Email
                | Target::ExemptFlag
                | Target::TaxableFlag
                | Target::TaxCode
                | Target::EntityUseCode
                | Target::ExemptionNumber
        )
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Target {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let folded = text.trim().to_lowercase().replace(['-', ' '], "_");
        Target::ALL.iter().copied().find(|target| target.name() == folded).ok_or_else(|| {
            let names = Target::ALL.iter().map(|target| target.name());
            let near = names.max_by(|a, b| strsim::jaro_winkler(a, &folded).total_cmp(&strsim::jaro_winkler(b, &folded)));
            format!("`{text}` is no column meaning; did you mean `{}`?", near.unwrap_or("customer_code"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways_and_are_those_of_serde() {
        for target in Target::ALL {
            assert_eq!(target.name().parse::<Target>().unwrap(), *target);
            assert_eq!(serde_json::to_value(target).unwrap(), target.name());
        }
        assert!("custmer_code".parse::<Target>().unwrap_err().contains("customer_code"));
    }
}
