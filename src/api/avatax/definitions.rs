//! The company's lists: exposure zones, exemption reasons, cover letters.
//!
//! Owns: `ListCertificateExposureZones`, `ListCertificateExemptReasons`, `ListCoverLetters`.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`.
//!
//! Ids differ from company to company. These calls take no company: they answer for the default company of the user or license key (OpenAPI).
//! Zones can't be filtered by anything, so the lists are read whole, in the service's own order.

use super::{AvaTax, wire};
use crate::domain::{Country, CoverLetter, ExemptionReason, ExposureZone, ReasonId, ReasonOnFile, Region, ZoneId};
use crate::ports::{Definitions, ServiceResult};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// `ExposureZoneModel`.
#[derive(Deserialize, Default, Clone)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ZoneIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_text")]
    pub name: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    region: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    country: Option<String>,
}

impl ZoneIn {
    /// A zone of which only a name or a state's code is known. A code stands for the whole state, whose zone has its full name.
    pub fn from_word(word: &str) -> Self {
        let state = Region::us_state(word);
        Self { name: Some(state.as_ref().map_or(word, Region::name).to_owned()), ..Self::default() }
    }

    /// The region's code; where only the name of a state or province was sent, by that.
    pub fn region(&self) -> Option<Region> {
        let name = self.name.as_deref().unwrap_or_default();
        let by_code = self.region.as_deref().and_then(Region::from_code);
        by_code.or_else(|| Region::us_state_by_name(name)).or_else(|| Region::ca_province_by_name(name))
    }

    fn zone(self) -> Option<ExposureZone> {
        let (region, country) = (self.region(), self.country.as_deref().and_then(Country::from_code));
        Some(ExposureZone { id: ZoneId(self.id?), name: self.name?, region, country })
    }
}

/// `ExemptionReasonModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct ReasonIn {
    #[serde(deserialize_with = "wire::de_integer")]
    id: Option<i64>,
    #[serde(deserialize_with = "wire::de_text")]
    name: Option<String>,
}

impl ReasonIn {
    pub fn reason(&self) -> Option<ExemptionReason> {
        self.name.as_deref().map(ExemptionReason::new)
    }
}

/// `CoverLetterModel`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct LetterIn {
    #[serde(deserialize_with = "wire::de_text")]
    title: Option<String>,
    #[serde(deserialize_with = "wire::de_flag")]
    active: Option<bool>,
}

impl AvaTax {
    pub(super) async fn read_definitions(&self) -> ServiceResult<Definitions> {
        let zones: Vec<ZoneIn> = self.definition("ListCertificateExposureZones", "certificateexposurezones").await?;
        let reasons: Vec<ReasonIn> = self.definition("ListCertificateExemptReasons", "certificateexemptreasons").await?;
        let letters: Vec<LetterIn> = self.definition("ListCoverLetters", "coverletters").await?;
        Ok(Definitions {
            zones: zones.into_iter().filter_map(ZoneIn::zone).collect(),
            reasons: reasons.iter().filter_map(|r| Some(ReasonOnFile { id: ReasonId(r.id?), name: r.reason()? })).collect(),
            // A letter that says nothing of it counts as active: the field is optional.
            cover_letters: letters
                .into_iter()
                .filter_map(|l| Some(CoverLetter { title: l.title?, active: l.active.unwrap_or(true) }))
                .collect(),
        })
    }

    async fn definition<T: DeserializeOwned>(&self, call: &'static str, name: &str) -> ServiceResult<Vec<T>> {
        self.list(self.request(call, Method::GET, &["definitions", name])?).await
    }
}
