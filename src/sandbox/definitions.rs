//! The definition lists: zones, reasons, cover letters, attributes, countries, regions.
//!
//! Owns: showing them, and finding the zone or reason that a request names. Must not touch: customers, certificates.

use rusqlite::{Connection, OptionalExtension, params};
use serde::Deserialize;

use super::errors::{ApiError, Code};
use super::filter::{Field, Kind};
use super::listing::Resource;
use super::wire::{Call, Reply, clean};

pub(super) const ZONE: Resource = Resource {
    fields: &[
        Field::new("id", "z.id", Kind::Integer).unfilterable(),
        Field::new("companyId", "z.company_id", Kind::Integer).unfilterable(),
        Field::new("name", "z.name", Kind::Text).unfilterable(),
        Field::new("tag", "z.tag", Kind::Text).unfilterable(),
        Field::new("description", "z.description", Kind::Text).unfilterable(),
        Field::new("created", "z.created", Kind::Moment).unfilterable(),
        Field::new("modified", "z.modified", Kind::Moment).unfilterable(),
        Field::new("region", "z.region", Kind::Text).unfilterable(),
        Field::new("country", "z.country", Kind::Text).unfilterable(),
    ],
    from: "exposure_zones z",
    order: "z.id",
};

pub(super) const REASON: Resource = Resource {
    fields: &[Field::new("id", "r.id", Kind::Integer), Field::new("name", "r.name", Kind::Text)],
    from: "exempt_reasons r",
    order: "r.id",
};

pub(super) const COVER_LETTER: Resource = Resource {
    fields: &[
        Field::new("id", "l.id", Kind::Integer).unfilterable(),
        Field::new("companyId", "l.company_id", Kind::Integer).unfilterable(),
        Field::new("title", "l.title", Kind::Text),
        Field::new("subject", "l.subject", Kind::Text).unfilterable(),
        Field::new("description", "l.description", Kind::Text).unfilterable(),
        Field::new("createdDate", "l.created", Kind::Moment).unfilterable(),
        Field::new("modifiedDate", "l.modified", Kind::Moment).unfilterable(),
        Field::new("active", "l.active", Kind::Boolean),
        Field::new("pageCount", "l.page_count", Kind::Integer).unfilterable(),
        Field::new("templateFilename", "l.template_filename", Kind::Text).unfilterable(),
        Field::new("version", "l.version", Kind::Integer).unfilterable(),
    ],
    from: "cover_letters l",
    order: "l.id",
};

pub(super) const CERTIFICATE_ATTRIBUTE: Resource = Resource {
    fields: &[
        Field::new("id", "a.id", Kind::Integer),
        Field::new("name", "a.name", Kind::Text),
        Field::new("description", "a.description", Kind::Text),
        Field::new("isSystemCode", "a.is_system", Kind::Boolean),
    ],
    from: "certificate_attributes a",
    order: "a.id",
};

pub(super) const CUSTOMER_ATTRIBUTE: Resource = Resource {
    fields: &[
        Field::new("id", "a.id", Kind::Integer),
        Field::new("name", "a.name", Kind::Text),
        Field::new("description", "a.description", Kind::Text),
        Field::new("isSystemCode", "a.is_system", Kind::Boolean),
        Field::new("isNonDeliver", "a.is_non_deliver", Kind::Boolean),
        Field::new("isChangeable", "a.is_changeable", Kind::Boolean),
    ],
    from: "customer_attributes a",
    order: "a.id",
};

const COUNTRY: Resource = Resource {
    fields: &[
        Field::new("code", "c.code", Kind::Text),
        Field::new("alpha3Code", "c.alpha3", Kind::Text).unfilterable(),
        Field::new("name", "c.name", Kind::Text),
        Field::new("isEuropeanUnion", "c.is_eu", Kind::Boolean).unfilterable(),
        Field::new("addressesRequireRegion", "c.requires_region", Kind::Boolean).unfilterable(),
        Field::nested("localizedNames"),
    ],
    from: "countries c",
    order: "c.code",
};

const REGION: Resource = Resource {
    fields: &[
        Field::new("countryCode", "g.country", Kind::Text),
        Field::new("code", "g.code", Kind::Text),
        Field::new("name", "g.name", Kind::Text),
        Field::new("classification", "g.classification", Kind::Text),
        Field::new("streamlinedSalesTax", "g.sst", Kind::Boolean),
        Field::new("isRegionTaxable", "g.taxable", Kind::Boolean),
        Field::nested("localizedNames"),
    ],
    from: "regions g",
    order: "g.country, g.code",
};

fn list(call: &Call<'_>, resource: Resource) -> Result<Reply, ApiError> {
    call.context.store.read(|c| Ok(resource.page(c, call, "1", Vec::new())?.reply()))
}

pub(super) fn zones(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, ZONE)
}

pub(super) fn reasons(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, REASON)
}

pub(super) fn cover_letters(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, COVER_LETTER)
}

pub(super) fn certificate_attributes(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, CERTIFICATE_ATTRIBUTE)
}

pub(super) fn countries(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, COUNTRY)
}

pub(super) fn regions(call: &Call<'_>) -> Result<Reply, ApiError> {
    list(call, REGION)
}

pub(super) fn regions_of_country(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.store.read(|c| {
        let country = call.params.country.to_ascii_uppercase();
        Ok(REGION.page(c, call, "g.country = ?", vec![country.into()])?.reply())
    })
}

/// A zone as a request names it: by id, or by name and, where that is not unique, tag.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ZoneInput {
    id: Option<i64>,
    name: Option<String>,
    tag: Option<String>,
}

pub(super) fn find_zone(connection: &Connection, zone: &ZoneInput) -> Result<i64, ApiError> {
    let name = clean(zone.name.as_deref());
    // An id of 0 is what clients send for "no id".
    if let Some(id) = zone.id.filter(|id| *id != 0) {
        return connection
            .prepare_cached("SELECT id FROM exposure_zones WHERE id = ?1")?
            .query_row([id], |row| row.get(0))
            .optional()?
            .ok_or_else(|| ApiError::new(Code::MISSING_EXPOSURE_ZONE, format!("The exposure zone with id '{id}' was not found.")));
    }
    let Some(name) = name else {
        return Err(ApiError::new(Code::MISSING_EXPOSURE_ZONE, "An exposure zone needs an id or a name."));
    };
    let tag = clean(zone.tag.as_deref());
    let found: Vec<i64> = connection
        .prepare_cached(
            "SELECT id FROM exposure_zones
             WHERE name = ?1 COLLATE NOCASE AND (?2 IS NULL OR tag = ?2 COLLATE NOCASE) LIMIT 2",
        )?
        .query_map(params![name, tag], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    match found.as_slice() {
        [id] => Ok(*id),
        // The service can make zones of its own from name and tag; that is set-up work and not done here.
        [] => Err(ApiError::new(
            Code::MISSING_FIELD_TO_CREATE_ZONE,
            format!("The exposure zone '{name}' does not exist. To create an exposure zone, the name and tag fields are required."),
        )),
        _ => Err(ApiError::new(
            Code::CONFLICTING_EXPOSURE_ZONE,
            format!("Existing exposure zone '{name}'. The name of exposure zone should be unique."),
        )),
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReasonInput {
    id: Option<i64>,
    name: Option<String>,
}

pub(super) fn find_reason(connection: &Connection, reason: Option<&ReasonInput>) -> Result<i64, ApiError> {
    let id = reason.and_then(|r| r.id).filter(|id| *id != 0);
    let name = reason.and_then(|r| clean(r.name.as_deref()));
    if id.is_none() && name.is_none() {
        return Err(ApiError::new(Code::MISSING_EXEMPT_REASON, "A certificate needs an exemption reason with an id or a name."));
    }
    let shown = name.clone().or_else(|| id.map(|i| i.to_string())).unwrap_or_default();
    connection
        .prepare_cached("SELECT id FROM exempt_reasons WHERE CASE WHEN ?1 IS NOT NULL THEN id = ?1 ELSE name = ?2 COLLATE NOCASE END")?
        .query_row(params![id, name], |row| row.get(0))
        .optional()?
        .ok_or_else(|| ApiError::new(Code::INVALID_EXEMPT_REASON, format!("The exemption reason '{shown}' was not found.")))
}
