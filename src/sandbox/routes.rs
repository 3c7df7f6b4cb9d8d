//! The table of operations: method, path, published name, who may call it, and its handler.
//!
//! Owns: matching a path. Path segments are split first and percent-decoded once afterwards, so a customer code may hold `/`,
//! `#`, `?`, `%` or a blank. One table instead of a router's chain: counting, roles and faults all need the operation's name.
//! Must not touch: the handlers' work.

use axum::http::{Method, StatusCode};
use percent_encoding::percent_decode_str;

use super::errors::{ApiError, Code};
use super::wire::{Call, Params, Reply};
use super::{attributes, certcapture, certificates, companies, customers, definitions, invitations, links, tokens};

/// What an operation asks of its caller, and whether it changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// No sign-in; not part of the service.
    Public,
    /// No sign-in needed, but a call of the service like any other.
    Ping,
    Read,
    Write,
    /// A write that needs an admin-class role.
    AdminWrite,
    /// Signed in, but about the sandbox itself: neither counted nor disturbed by faults.
    Control,
}

pub(super) type Handler = fn(&Call<'_>) -> Result<Reply, ApiError>;

#[derive(Debug, Clone, Copy)]
pub(super) struct Operation {
    pub(super) name: &'static str,
    pub(super) access: Access,
    pub(super) handler: Handler,
    method: &'static str,
    path: &'static str,
}

const fn op(name: &'static str, access: Access, method: &'static str, path: &'static str, handler: Handler) -> Operation {
    Operation { name, access, handler, method, path }
}

/// Literal paths stand before paths with a placeholder in the same place: the first match wins.
#[rustfmt::skip]
const OPERATIONS: &[Operation] = &[
    op("Health", Access::Public, "GET", "sandbox/health", super::server::health),
    op("Stats", Access::Control, "GET", "sandbox/stats", super::server::stats),
    op("GetFaults", Access::Control, "GET", "sandbox/faults", super::server::get_faults),
    op("SetFaults", Access::Control, "POST", "sandbox/faults", super::server::set_faults),
    op("CertExpressPage", Access::Public, "GET", "certexpress/{token}", invitations::page),

    op("listCertificates", Access::Read, "GET", "v2/certificates", certcapture::list_certificates),
    op("createCertificate", Access::Write, "POST", "v2/certificates", certcapture::create_certificate),
    op("getCertificate", Access::Read, "GET", "v2/certificates/{id}", certcapture::get_certificate),
    op("updateCertificate", Access::Write, "PUT", "v2/certificates/{id}", certcapture::update_certificate),
    op("deleteCertificate", Access::Write, "DELETE", "v2/certificates/{id}", certcapture::delete_certificate),
    op("getCertificateAttachment", Access::Read, "GET", "v2/certificates/{id}/attachment", certcapture::download),
    op("uploadCertificateAttachment", Access::Write, "POST", "v2/certificates/{id}/attachment", certcapture::upload),
    op("listCustomersOfCertificate", Access::Read, "GET", "v2/certificates/{id}/customers", certcapture::list_linked),
    op("linkCustomers", Access::Write, "PUT", "v2/certificates/{id}/customers", certcapture::link_customers),
    op("unlinkCustomers", Access::Write, "DELETE", "v2/certificates/{id}/customers", certcapture::unlink_customers),
    op("listCustomers", Access::Read, "GET", "v2/customers", certcapture::list_customers),
    op("createCustomer", Access::Write, "POST", "v2/customers", certcapture::create_customer),
    op("getCustomer", Access::Read, "GET", "v2/customers/{code}", certcapture::get_customer),
    op("updateCustomer", Access::Write, "PUT", "v2/customers/{code}", certcapture::update_customer),
    op("getCustomerCertificates", Access::Read, "GET", "v2/customers/{code}/certificates", certcapture::certificates_of),
    op("listAttributes", Access::Read, "GET", "v2/attributes", certcapture::attributes),
    op("getAuthToken", Access::Public, "POST", "v2/auth/token", certcapture::auth_token),
    op("getToken", Access::Write, "POST", "v2/auth/get-token", certcapture::ecommerce_token),
    op("generateEcommerceToken", Access::Write, "POST", "v2/ecommerce/token", certcapture::ecommerce_token),

    op("Ping", Access::Ping, "GET", "api/v2/utilities/ping", companies::ping),
    op("QueryCompanies", Access::Read, "GET", "api/v2/companies", companies::query),
    op("GetCompany", Access::Read, "GET", "api/v2/companies/{company}", companies::get),

    op("ListCertificateExposureZones", Access::Read, "GET", "api/v2/definitions/certificateexposurezones", definitions::zones),
    op("ListCertificateExemptReasons", Access::Read, "GET", "api/v2/definitions/certificateexemptreasons", definitions::reasons),
    op("ListCertificateAttributes", Access::Read, "GET", "api/v2/definitions/certificateattributes", definitions::certificate_attributes),
    op("ListCoverLetters", Access::Read, "GET", "api/v2/definitions/coverletters", definitions::cover_letters),
    op("ListCountries", Access::Read, "GET", "api/v2/definitions/countries", definitions::countries),
    op("ListRegionsByCountry", Access::Read, "GET", "api/v2/definitions/countries/{country}/regions", definitions::regions_of_country),
    op("ListRegions", Access::Read, "GET", "api/v2/definitions/regions", definitions::regions),

    op("GetCertificateSetup", Access::Read, "GET", "api/v2/companies/{company}/certificates/setup", companies::get_setup),
    op("RequestCertificateSetup", Access::Write, "POST", "api/v2/companies/{company}/certificates/setup", companies::request_setup),

    op("QueryCustomers", Access::Read, "GET", "api/v2/companies/{company}/customers", customers::query),
    op("CreateCustomers", Access::Write, "POST", "api/v2/companies/{company}/customers", customers::create),
    op("LinkShipToCustomersToBillCustomer", Access::Write, "POST", "api/v2/companies/{company}/customers/billto/{code}/shipto/link", customers::link_ship_tos),
    op("GetCustomer", Access::Read, "GET", "api/v2/companies/{company}/customers/{code}", customers::get),
    op("UpdateCustomer", Access::Write, "PUT", "api/v2/companies/{company}/customers/{code}", customers::update),
    op("DeleteCustomer", Access::Write, "DELETE", "api/v2/companies/{company}/customers/{code}", customers::delete),
    op("ListAttributesForCustomer", Access::Read, "GET", "api/v2/companies/{company}/customers/{code}/attributes", attributes::list_customer),
    op("LinkAttributesToCustomer", Access::Write, "PUT", "api/v2/companies/{company}/customers/{code}/attributes/link", attributes::link_customer),
    op("UnlinkAttributesFromCustomer", Access::Write, "PUT", "api/v2/companies/{company}/customers/{code}/attributes/unlink", attributes::unlink_customer),
    op("ListCertificatesForCustomer", Access::Read, "GET", "api/v2/companies/{company}/customers/{code}/certificates", links::list_certificates),
    op("LinkCertificatesToCustomer", Access::Write, "POST", "api/v2/companies/{company}/customers/{code}/certificates/link", links::link_certificates),
    op("UnlinkCertificatesFromCustomer", Access::Write, "POST", "api/v2/companies/{company}/customers/{code}/certificates/unlink", links::unlink_certificates),
    op("ListValidCertificatesForCustomer", Access::Read, "GET", "api/v2/companies/{company}/customers/{code}/certificates/{country}/{region}", certificates::valid_for_region),
    op("CreateCertExpressInvitation", Access::Write, "POST", "api/v2/companies/{company}/customers/{code}/certexpressinvites", invitations::create),
    op("GetCertExpressInvitation", Access::Read, "GET", "api/v2/companies/{company}/customers/{code}/certexpressinvites/{id}", invitations::get),
    op("ListCertExpressInvitations", Access::Read, "GET", "api/v2/companies/{company}/certexpressinvites", invitations::list),

    op("QueryCertificates", Access::Read, "GET", "api/v2/companies/{company}/certificates", certificates::query),
    op("CreateCertificates", Access::AdminWrite, "POST", "api/v2/companies/{company}/certificates", certificates::create),
    op("GetCertificate", Access::Read, "GET", "api/v2/companies/{company}/certificates/{id}", certificates::get),
    op("UpdateCertificate", Access::Write, "PUT", "api/v2/companies/{company}/certificates/{id}", certificates::update),
    op("DeleteCertificate", Access::Write, "DELETE", "api/v2/companies/{company}/certificates/{id}", certificates::delete),
    op("DownloadCertificateImage", Access::Read, "GET", "api/v2/companies/{company}/certificates/{id}/attachment", certificates::download),
    op("UploadCertificateImage", Access::Write, "POST", "api/v2/companies/{company}/certificates/{id}/attachment", certificates::upload),
    op("ListAttributesForCertificate", Access::Read, "GET", "api/v2/companies/{company}/certificates/{id}/attributes", attributes::list_certificate),
    op("LinkAttributesToCertificate", Access::Write, "POST", "api/v2/companies/{company}/certificates/{id}/attributes/link", attributes::link_certificate),
    op("UnlinkAttributesFromCertificate", Access::Write, "POST", "api/v2/companies/{company}/certificates/{id}/attributes/unlink", attributes::unlink_certificate),
    op("ListCustomersForCertificate", Access::Read, "GET", "api/v2/companies/{company}/certificates/{id}/customers", links::list_customers),
    op("LinkCustomersToCertificate", Access::Write, "POST", "api/v2/companies/{company}/certificates/{id}/customers/link", links::link_customers),
    op("UnlinkCustomersFromCertificate", Access::Write, "POST", "api/v2/companies/{company}/certificates/{id}/customers/unlink", links::unlink_customers),

    op("CreateECommerceToken", Access::Write, "POST", "api/v2/companies/{company}/ecommercetokens", tokens::create),
    op("RefreshECommerceToken", Access::Write, "PUT", "api/v2/companies/{company}/ecommercetokens", tokens::refresh),
];

/// Finds the operation for a raw path.
pub(super) fn find(method: &Method, raw_path: &str) -> Result<(&'static Operation, Params), ApiError> {
    let segments: Vec<String> = raw_path
        .trim_start_matches('/')
        .split('/')
        .map(|segment| percent_decode_str(segment).decode_utf8().map(|text| text.into_owned()))
        .collect::<Result<_, _>>()
        .map_err(|_| ApiError::new(Code::ENTITY_NOT_FOUND, "The path is not valid UTF-8.").with_status(StatusCode::BAD_REQUEST))?;
    let mut others = None;
    for operation in OPERATIONS {
        if let Some(params) = matches(operation.path, &segments) {
            if operation.method == method.as_str() {
                return Ok((operation, params));
            }
            others.get_or_insert(operation.path);
        }
    }
    match others {
        Some(path) => Err(ApiError::new(Code::ENTITY_NOT_FOUND, format!("The method {method} is not supported at this path."))
            .with_status(StatusCode::METHOD_NOT_ALLOWED)
            .with_allow(allowed(path))),
        None => Err(ApiError::new(Code::ENTITY_NOT_FOUND, format!("No operation was found at {method} {raw_path}."))),
    }
}

fn allowed(path: &str) -> String {
    let methods: Vec<&str> = OPERATIONS.iter().filter(|operation| operation.path == path).map(|operation| operation.method).collect();
    methods.join(", ")
}

fn matches(pattern: &str, segments: &[String]) -> Option<Params> {
    let mut params = Params::default();
    let mut wanted = pattern.split('/');
    for segment in segments {
        match wanted.next()? {
            "{company}" => params.company = number(segment)?,
            "{id}" => params.id = number(segment)?,
            "{code}" if !segment.is_empty() => params.code.clone_from(segment),
            "{country}" => params.country.clone_from(segment),
            "{region}" => params.region.clone_from(segment),
            "{token}" => params.token.clone_from(segment),
            literal if literal.eq_ignore_ascii_case(segment) => {}
            _ => return None,
        }
    }
    wanted.next().is_none().then_some(params)
}

/// Digits only: a sign or a blank makes it another path.
fn number(segment: &str) -> Option<i64> {
    segment.bytes().all(|byte| byte.is_ascii_digit()).then(|| segment.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    fn name(method: Method, path: &str) -> Result<&'static str, u16> {
        find(&method, path).map(|(operation, _)| operation.name).map_err(|error| error.status().as_u16())
    }

    #[test]
    fn literal_paths_win_over_placeholders() {
        assert_eq!(name(Method::GET, "/api/v2/companies/1/certificates/setup"), Ok("GetCertificateSetup"));
        assert_eq!(name(Method::GET, "/api/v2/companies/1/certificates/7"), Ok("GetCertificate"));
        assert_eq!(name(Method::POST, "/api/v2/companies/1/customers/A/certificates/link"), Ok("LinkCertificatesToCustomer"));
        assert_eq!(name(Method::GET, "/api/v2/companies/1/customers/A/certificates/US/WA"), Ok("ListValidCertificatesForCustomer"));
        assert_eq!(name(Method::POST, "/api/v2/companies/1/customers/billto/A/shipto/link"), Ok("LinkShipToCustomersToBillCustomer"));
        assert_eq!(name(Method::PATCH, "/api/v2/companies/1/customers"), Err(405));
        assert_eq!(name(Method::GET, "/api/v2/nothing"), Err(404));
        assert_eq!(name(Method::GET, "/api/v2/companies/x"), Err(404));
        assert_eq!(name(Method::GET, "/api/v2/companies/-1"), Err(404));
        assert_eq!(name(Method::GET, "/api/v2/companies/99999999999999999999"), Err(404));
        assert_eq!(name(Method::GET, "/api/v2/companies/1/customers/%FF"), Err(400));
    }

    proptest! {
        #[test]
        fn any_code_survives_the_path(code in "\\PC{1,40}") {
            let encoded = utf8_percent_encode(&code, NON_ALPHANUMERIC);
            let found = find(&Method::GET, &format!("/api/v2/companies/1/customers/{encoded}"));
            prop_assert!(found.is_ok_and(|(operation, params)| operation.name == "GetCustomer" && params.code == code));
        }

        #[test]
        fn no_path_panics(path in ".{0,80}") {
            let _ = find(&Method::GET, &path);
        }
    }
}
