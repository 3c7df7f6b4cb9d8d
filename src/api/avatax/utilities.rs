//! Ping: does the service answer, and who are we to it?
//!
//! Owns: `Ping`.
//! Must not touch: when something is sent again, what follows from an error.
//! Called by: `api::avatax`.

use super::{AvaTax, wire};
use crate::ports::{Identity, ServiceResult};
use reqwest::Method;
use serde::Deserialize;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct PingIn {
    #[serde(deserialize_with = "wire::de_text")]
    version: Option<String>,
    #[serde(deserialize_with = "wire::de_flag")]
    authenticated: Option<bool>,
    #[serde(deserialize_with = "wire::de_text")]
    authentication_type: Option<String>,
    #[serde(deserialize_with = "wire::de_text")]
    authenticated_user_name: Option<String>,
    #[serde(deserialize_with = "wire::de_integer")]
    authenticated_account_id: Option<i64>,
}

impl AvaTax {
    /// Answers 200 to wrong credentials too: `authenticated` tells (OpenAPI, `Ping`).
    pub(super) async fn read_ping(&self) -> ServiceResult<Identity> {
        let request = self.request("Ping", Method::GET, &["utilities", "ping"])?;
        let ping: PingIn = self.get(&request).await?;
        if ping.authenticated != Some(true) {
            return Err(self.transport.refused("Ping"));
        }
        Ok(Identity {
            how: ping.authentication_type.unwrap_or_else(|| "None".to_owned()),
            user: ping.authenticated_user_name,
            account: ping.authenticated_account_id,
            version: ping.version,
        })
    }
}
