//! Every write of the adapters and every answer of the sandbox against the published descriptions of AvaTax and CertCapture.
//!
//! The descriptions are not part of this repository. Where it is missing, these tests say so and check nothing.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use certonboard::api::{ConnectOptions, Credentials, Dialect, Secret, ServiceKind, connect};
use certonboard::domain::*;
use certonboard::ports::{ApiCall, AuditTrail, CertificateSearch, ExemptionService, NewCertificate};
use certonboard::sandbox::{Sandbox, SandboxOptions, start};
use jiff::civil::date;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

const COMPANY: CompanyId = CompanyId(12345);

fn description() -> Option<Value> {
    described("avatax-ecm.yaml")
}

fn described(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/openapi").join(name);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_saphyr::from_str(&text).unwrap()),
        Err(_) => {
            eprintln!("skipped: {} is not here", path.display());
            None
        }
    }
}

// ---- what goes over the wire ---------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone)]
struct Exchange {
    method: String,
    path: String,
    query: Vec<String>,
    sent: Vec<u8>,
    status: u16,
    got: Vec<u8>,
    json: bool,
}

#[derive(Clone)]
struct Wire {
    to: String,
    client: reqwest::Client,
    seen: Arc<Mutex<Vec<Exchange>>>,
}

/// Stands between a client and the sandbox and keeps what it sees.
async fn wire(sandbox: &Sandbox) -> (String, Arc<Mutex<Vec<Exchange>>>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let seen: Arc<Mutex<Vec<Exchange>>> = Arc::default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let app = Router::new().fallback(pass_on).with_state(Wire { to: sandbox.base_url(), client, seen: seen.clone() });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, seen)
}

async fn pass_on(State(wire): State<Wire>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut request = wire.client.request(method.clone(), format!("{}{uri}", wire.to)).body(body.to_vec());
    for name in ["authorization", "content-type", "accept"] {
        if let Some(value) = headers.get(name) {
            request = request.header(name, value);
        }
    }
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let kind = answer.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let got = answer.bytes().await.unwrap().to_vec();
    wire.seen.lock().unwrap().push(Exchange {
        method: method.to_string().to_lowercase(),
        path: uri.path().to_owned(),
        query: uri.query().into_iter().flat_map(|q| q.split('&')).map(|pair| pair.split('=').next().unwrap().to_owned()).collect(),
        sent: body.to_vec(),
        status: status.as_u16(),
        got: got.clone(),
        json: kind.contains("json"),
    });
    Response::builder().status(status).header("content-type", kind).body(Body::from(got)).unwrap()
}

struct NoTrail;

impl AuditTrail for NoTrail {
    fn record(&self, _: ApiCall) {}
}

fn certcapture(url: &str) -> Arc<dyn ExemptionService> {
    let credentials = Credentials::LicenseKey { account: "2000000000".into(), key: Secret::new("SANDBOX") };
    connect(ServiceKind::CertCapture(Dialect::OpenApi), ConnectOptions::new(url, credentials, Arc::new(NoTrail))).unwrap()
}

fn adapter(url: &str) -> Arc<dyn ExemptionService> {
    let credentials = Credentials::LicenseKey { account: "2000000000".into(), key: Secret::new("SANDBOX") };
    connect(ServiceKind::AvaTax, ConnectOptions::new(url, credentials, Arc::new(NoTrail))).unwrap()
}

// ---- the description -----------------------------------------------------------------------------------------------------------------

struct Description(Value);

impl Description {
    /// The operation that a request is, with its path as the description writes it.
    fn operation(&self, exchange: &Exchange) -> Option<&Value> {
        // CertCapture's description has the `/v2` in its server's address.
        let path = exchange.path.strip_prefix("/v2").filter(|rest| rest.starts_with('/')).unwrap_or(&exchange.path);
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let wanted: Vec<&str> = template.split('/').collect();
            wanted.len() == parts.len() && wanted.iter().zip(&parts).all(|(w, p)| w.starts_with('{') || w == p)
        };
        let paths = self.0["paths"].as_object().unwrap();
        // A path with fewer gaps is the closer one: `certificates/setup` is no certificate's id.
        let mut found: Vec<(usize, &Value)> = paths
            .iter()
            .filter(|(template, _)| fits(template))
            .filter_map(|(template, item)| Some((template.matches('{').count(), item.get(&exchange.method)?)))
            .collect();
        found.sort_by_key(|(gaps, _)| *gaps);
        found.first().map(|(_, operation)| *operation)
    }

    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let whole = json!({ "allOf": [schema], "components": self.0["components"] });
        // OpenAPI 3.1 is JSON Schema's own; 3.0 is close to draft 4.
        let validator = match self.0["openapi"].as_str() {
            Some(version) if version.starts_with("3.1") => jsonschema::draft202012::options().build(&whole).unwrap(),
            _ => jsonschema::draft4::options().build(&whole).unwrap(),
        };
        validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => &self.0["components"]["schemas"][name.rsplit('/').next().unwrap()],
            None => schema,
        }
    }

    /// Keys that the description does not know: the service would pass over a misspelt one in silence.
    fn unknown(&self, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.unknown(&schema["items"], item, at, found)),
            Value::Object(fields) => {
                let Some(known) = schema["properties"].as_object() else { return };
                for (key, value) in fields {
                    match known.get(key) {
                        Some(of) => self.unknown(of, value, &format!("{at}/{key}"), found),
                        None => found.push(format!("{at}/{key}")),
                    }
                }
            }
            _ => {}
        }
    }

    fn check(&self, exchange: &Exchange) -> Vec<String> {
        let Some(operation) = self.operation(exchange) else { return vec!["no such operation".to_owned()] };
        let mut faults = Vec::new();
        let known: BTreeSet<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|p| p["in"] == "query")
            .filter_map(|p| p["name"].as_str())
            .collect();
        for name in &exchange.query {
            let name = name.replace("%24", "$");
            if !known.contains(name.as_str()) {
                faults.push(format!("the query parameter {name} is not described"));
            }
        }
        let asked = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !asked.is_null() {
            match serde_json::from_slice::<Value>(&exchange.sent) {
                Ok(sent) => {
                    faults.extend(self.faults(asked, &sent).into_iter().map(|f| format!("sent: {f}")));
                    self.unknown(asked, &sent, "sent", &mut faults);
                }
                Err(e) => faults.push(format!("sent: no JSON: {e}")),
            }
        } else if !exchange.sent.is_empty() && operation["requestBody"].is_null() {
            faults.push("sent: a body that is not described".to_owned());
        }
        let answer = &operation["responses"][exchange.status.to_string()];
        let answer = match answer["$ref"].as_str() {
            Some(name) => &self.0["components"]["responses"][name.rsplit('/').next().unwrap()],
            None => answer,
        };
        let answers = answer["content"].as_object();
        let schema = answers.and_then(|of| of.values().next()).map(|of| &of["schema"]);
        if let (Some(schema), true) = (schema, exchange.json) {
            match serde_json::from_slice::<Value>(&exchange.got) {
                Ok(got) => faults.extend(self.faults(schema, &got).into_iter().map(|f| format!("answer {}: {f}", exchange.status))),
                Err(e) => faults.push(format!("answer: no JSON: {e}")),
            }
        }
        faults
    }

    fn check_all(&self, seen: &[Exchange]) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        let mut faults = Vec::new();
        for exchange in seen {
            if let Some(name) = self.operation(exchange).and_then(|o| o["operationId"].as_str()) {
                names.insert(name.to_owned());
            }
            faults.extend(self.check(exchange).into_iter().map(|f| format!("{} {}: {f}", exchange.method, exchange.path)));
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        names
    }
}

// ---- data ----------------------------------------------------------------------------------------------------------------------------

fn customer(code: &str) -> Customer {
    Customer {
        code: CustomerCode::new(code).unwrap(),
        name: "Mill & Söhne".into(),
        address: Address {
            line1: "12 Mill Rd".into(),
            line2: Some("Dock 4".into()),
            city: "Dayton".into(),
            region: Region::from_code("OH"),
            postal_code: "00402".into(),
            country: Country::US,
        },
        contact: Contact {
            name: Some("Ann".into()),
            email: Some("ap@mill.example".into()),
            phone: Some("555 0100".into()),
            fax: Some("555 0101".into()),
        },
        exemption: Exemption { status: ExemptStatus::Exempt, rule: "r".into(), number: TaxNumber::new("E-1"), reason: None, expires: None },
        ship_to: vec![],
        parent: None,
        row: 2,
    }
}

fn pdf() -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data/certificates/Resale Cert_Lone Oak_TX.pdf")).unwrap()
}

#[tokio::test]
async fn what_the_adapter_sends_and_the_sandbox_answers_is_as_described() {
    let Some(description) = description().map(Description) else { return };
    let sandbox = start(SandboxOptions { provisioned: false, today: Some(date(2026, 11, 20)), ..SandboxOptions::default() }).await.unwrap();
    let (url, seen) = wire(&sandbox).await;
    let service = adapter(&url);
    service.ping().await.unwrap();
    service.companies().await.unwrap();
    service.storage_status(COMPANY).await.unwrap();
    service.request_storage(COMPANY).await.unwrap();
    for _ in 0..10 {
        service.storage_status(COMPANY).await.unwrap();
    }
    let definitions = service.definitions(COMPANY).await.unwrap();
    let ohio = definitions.zones.iter().find(|z| z.is_state(&Region::from_code("OH").unwrap())).unwrap().clone();
    let (one, odd) = (customer("C-1"), customer("B/20#4"));
    service.create_customers(COMPANY, &[(&one, vec![ohio.clone()]), (&odd, vec![])]).await.unwrap();
    service.customers(COMPANY).await.unwrap();
    service.customer(COMPANY, &one.code).await.unwrap().unwrap();
    service.update_customer(COMPANY, &Customer { name: "Mill".into(), ..one.clone() }, std::slice::from_ref(&ohio)).await.unwrap();
    let draft = CertificateDraft {
        zone: ohio.clone(),
        reason: definitions.reasons.iter().find(|r| r.name == ExemptionReason::resale()).unwrap().name.clone(),
        number: TaxNumber::new("86-383941"),
        signed: date(2026, 3, 1),
        expires: Some(date(2029, 3, 1)),
        expiry_is_printed: true,
    };
    let id = service.create_certificate(COMPANY, &NewCertificate { draft: &draft, pdf: &pdf() }).await.unwrap();
    for code in [&one.code, &odd.code] {
        service.link(COMPANY, code, &[id]).await.unwrap();
        service.certificates_of(COMPANY, code).await.unwrap();
    }
    service.certificates(COMPANY).await.unwrap();
    service.certificate(COMPANY, id).await.unwrap().unwrap();
    service.certificate(COMPANY, CertificateId(1)).await.unwrap();
    service.find_certificates(COMPANY, &CertificateSearch { draft: &draft, created_since: date(2026, 1, 1) }).await.unwrap();
    assert!(service.exempts(COMPANY, &one.code, &Region::from_code("OH").unwrap()).await.unwrap().exempt);
    assert!(!service.exempts(COMPANY, &one.code, &Region::from_code("TX").unwrap()).await.unwrap().exempt);
    for delivery in [Delivery::Email, Delivery::Fax, Delivery::Download] {
        let draft = InvitationDraft {
            customer: one.code.clone(),
            recipient: (delivery != Delivery::Download).then(|| "ap@mill.example".to_owned()),
            delivery,
            cover_letter: "STANDARD_REQUEST".into(),
            zones: vec![ohio.clone()],
            reasons: definitions.reasons[..1].to_vec(),
        };
        let receipt = service.invite(COMPANY, &draft).await.unwrap();
        service.invitation(COMPANY, &one.code, receipt.id.unwrap()).await.unwrap().unwrap();
    }
    service.invitations(COMPANY, Some(date(2026, 1, 1))).await.unwrap();
    // After onboarding.
    service.attach(COMPANY, id, &pdf()).await.unwrap();
    assert!(service.document(COMPANY, id, DocumentForm::Pdf).await.unwrap().unwrap().starts_with(b"%PDF"));
    assert!(service.document(COMPANY, id, DocumentForm::Jpeg { page: 1 }).await.unwrap().unwrap().starts_with(&[0xff, 0xd8]));
    assert!(service.document(COMPANY, id, DocumentForm::Jpeg { page: 99 }).await.unwrap().is_none());
    let known = service.known_attributes(COMPANY).await.unwrap();
    let name = [known[0].name.clone()];
    let of_certificate = AttributeOwner::Certificate(id);
    service.link_attributes(COMPANY, &of_certificate, &name).await.unwrap();
    assert_eq!(service.attributes_of(COMPANY, &of_certificate).await.unwrap().len(), 1);
    service.unlink_attributes(COMPANY, &of_certificate, &name).await.unwrap();
    let of_customer = AttributeOwner::Customer(one.code.clone());
    service.link_attributes(COMPANY, &of_customer, &["DO NOT MAIL".to_owned()]).await.unwrap();
    assert_eq!(service.attributes_of(COMPANY, &of_customer).await.unwrap().len(), 1);
    service.unlink_attributes(COMPANY, &of_customer, &["DO NOT MAIL".to_owned()]).await.unwrap();
    assert!(!service.ecommerce_token(COMPANY, &one.code).await.unwrap().token.is_empty());
    // A code that no path carries is taken off by the certificate.
    service.unlink(COMPANY, &one.code, &[id]).await.unwrap();
    service.unlink(COMPANY, &odd.code, &[id]).await.unwrap();
    assert!(service.certificate(COMPANY, id).await.unwrap().unwrap().customers.is_empty());
    let second = service.create_certificate(COMPANY, &NewCertificate { draft: &draft, pdf: &pdf() }).await.unwrap();
    service.delete_certificate(COMPANY, second).await.unwrap();
    assert!(service.certificate(COMPANY, second).await.unwrap().is_none());
    // Refusals are answers, too.
    assert!(service.create_customers(COMPANY, &[(&one, vec![])]).await.is_err());
    assert!(service.link(COMPANY, &CustomerCode::new("nobody").unwrap(), &[id]).await.is_err());

    let seen = seen.lock().unwrap().clone();
    let names = description.check_all(&seen);
    for name in [
        "CreateCustomers",
        "UpdateCustomer",
        "CreateCertificates",
        "LinkCertificatesToCustomer",
        "LinkCustomersToCertificate",
        "CreateCertExpressInvitation",
        "RequestCertificateSetup",
        "ListValidCertificatesForCustomer",
        "UnlinkCertificatesFromCustomer",
        "UnlinkCustomersFromCertificate",
        "DeleteCertificate",
        "DownloadCertificateImage",
        "UploadCertificateImage",
        "ListCertificateAttributes",
        "ListAttributesForCustomer",
        "LinkAttributesToCustomer",
        "UnlinkAttributesFromCustomer",
        "ListAttributesForCertificate",
        "LinkAttributesToCertificate",
        "UnlinkAttributesFromCertificate",
        "CreateECommerceToken",
    ] {
        assert!(names.contains(name), "{name} was not called: {names:?}");
    }
}

/// Every operation of CertCapture's description: those that the adapter makes, and the others by hand.
#[tokio::test]
async fn certcapture_is_spoken_to_and_answers_as_described() {
    let Some(description) = described("certcapture-v2.yaml").map(Description) else { return };
    let sandbox = start(SandboxOptions { today: Some(date(2026, 11, 20)), ..SandboxOptions::default() }).await.unwrap();
    let (url, seen) = wire(&sandbox).await;
    let service = certcapture(&url);
    service.ping().await.unwrap();
    let definitions = service.definitions(COMPANY).await.unwrap();
    let ohio = definitions.zones.iter().find(|z| z.is_state(&Region::from_code("OH").unwrap())).unwrap().clone();
    let (one, odd) = (customer("C-1"), customer("B/20#4"));
    service.create_customers(COMPANY, &[(&one, vec![]), (&odd, vec![])]).await.unwrap();
    assert_eq!(service.customers(COMPANY).await.unwrap().len(), 2);
    assert_eq!(service.customer(COMPANY, &odd.code).await.unwrap().unwrap().address.postal_code, "00402");
    assert!(service.customer(COMPANY, &CustomerCode::new("c-1").unwrap()).await.unwrap().is_none(), "codes are case sensitive");
    service.update_customer(COMPANY, &Customer { name: "Mill".into(), ..one.clone() }, &[]).await.unwrap();
    let draft = CertificateDraft {
        zone: ohio,
        reason: ExemptionReason::resale(),
        number: TaxNumber::new("86-383941"),
        signed: date(2026, 3, 1),
        expires: Some(date(2029, 3, 1)),
        expiry_is_printed: true,
    };
    let id = service.create_certificate(COMPANY, &NewCertificate { draft: &draft, pdf: &pdf() }).await.unwrap();
    assert!(service.document_follows() && service.document(COMPANY, id, DocumentForm::Pdf).await.unwrap().is_none());
    service.attach(COMPANY, id, &pdf()).await.unwrap();
    service.link(COMPANY, &odd.code, &[id]).await.unwrap();
    service.link(COMPANY, &odd.code, &[id]).await.unwrap();
    let second = service.link(COMPANY, &one.code, &[id]).await.unwrap_err();
    assert!(second.message.contains("keeps one customer"), "{second}");
    let read = service.certificate(COMPANY, id).await.unwrap().unwrap();
    assert!(read.is_same_claim(&draft) && read.customers == [odd.code.clone()], "{read:?}");
    assert_eq!(service.certificates_of(COMPANY, &odd.code).await.unwrap().len(), 1);
    assert_eq!(service.certificates(COMPANY).await.unwrap().len(), 1);
    assert!(service.exempts(COMPANY, &odd.code, &Region::from_code("OH").unwrap()).await.unwrap().exempt);
    assert!(!service.exempts(COMPANY, &odd.code, &Region::from_code("TX").unwrap()).await.unwrap().exempt);
    let found = service.find_certificates(COMPANY, &CertificateSearch { draft: &draft, created_since: date(2026, 1, 1) }).await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(service.document(COMPANY, id, DocumentForm::Pdf).await.unwrap().unwrap().starts_with(b"%PDF"));
    assert!(!service.known_attributes(COMPANY).await.unwrap().is_empty());
    assert!(service.ecommerce_token(COMPANY, &one.code).await.unwrap().expires.is_some());
    service.unlink(COMPANY, &odd.code, &[id]).await.unwrap();
    let read = service.certificate(COMPANY, id).await.unwrap().unwrap();
    assert!(read.is_same_claim(&draft) && read.customers.is_empty(), "unlinking keeps the record: {read:?}");
    service.delete_certificate(COMPANY, id).await.unwrap();
    assert!(service.certificate(COMPANY, id).await.unwrap().is_none());

    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let signed_in = |request: reqwest::RequestBuilder| request.basic_auth("2000000000", Some("SANDBOX"));
    // Refusals are answers, too.
    let refused =
        signed_in(client.post(format!("{url}/v2/certificates"))).json(&json!({ "exemptionReason": "RESALE", "exposureZone": "Atlantis" }));
    assert_eq!(refused.send().await.unwrap().status(), 400);
    for (status, count) in [("Active", 0), ("Expired", 0)] {
        let listed = signed_in(client.get(format!("{url}/v2/certificates?status={status}&page=1&pageSize=10"))).send().await.unwrap();
        let listed: Value = serde_json::from_slice(&listed.bytes().await.unwrap()).unwrap();
        assert_eq!(listed["totalCount"], count);
    }
    let wrong = client.post(format!("{url}/v2/auth/token")).json(&json!({ "username": "2000000000", "password": "no" }));
    assert_eq!(wrong.send().await.unwrap().status(), 401);
    let token =
        client.post(format!("{url}/v2/auth/token")).json(&json!({ "username": "2000000000", "password": "SANDBOX" })).send().await.unwrap();
    let token: Value = serde_json::from_slice(&token.bytes().await.unwrap()).unwrap();
    let by_token = |token: &str| client.get(format!("{url}/v2/customers")).bearer_auth(token).send();
    assert_eq!(by_token(token["token"].as_str().unwrap()).await.unwrap().status(), 200);
    assert_eq!(by_token("made-up").await.unwrap().status(), 401);
    assert_eq!(
        client
            .get(format!("{}/api/v2/companies", sandbox.base_url()))
            .bearer_auth(token["token"].as_str().unwrap())
            .send()
            .await
            .unwrap()
            .status(),
        401
    );

    let seen = seen.lock().unwrap().clone();
    let names = description.check_all(&seen);
    let all: BTreeSet<String> = description.0["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(names, all, "every operation of the description is called");
}

/// The calls of the description that the adapter does not make.
#[tokio::test]
async fn what_else_the_sandbox_answers_is_as_described() {
    let Some(description) = description().map(Description) else { return };
    let sandbox = start(SandboxOptions { today: Some(date(2026, 11, 20)), ..SandboxOptions::default() }).await.unwrap();
    let (url, seen) = wire(&sandbox).await;
    let service = adapter(&url);
    let one = customer("C-1");
    service.create_customers(COMPANY, &[(&one, vec![])]).await.unwrap();
    let definitions = service.definitions(COMPANY).await.unwrap();
    let zone = definitions.zones.iter().find(|z| z.is_state(&Region::from_code("OH").unwrap())).unwrap().clone();
    let draft = CertificateDraft {
        zone,
        reason: ExemptionReason::resale(),
        number: None,
        signed: date(2026, 3, 1),
        expires: Some(date(2029, 3, 1)),
        expiry_is_printed: true,
    };
    let id = service.create_certificate(COMPANY, &NewCertificate { draft: &draft, pdf: &pdf() }).await.unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let call = async |method: &str, path: &str, body: Option<Value>| {
        let mut request = client.request(method.parse().unwrap(), format!("{url}/api/v2/{path}")).basic_auth("2000000000", Some("SANDBOX"));
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await.unwrap().status().as_u16()
    };
    let attribute = json!([{ "id": 21 }]);
    let of_customer = "companies/12345/customers/C-1";
    let certificate = format!("companies/12345/certificates/{id}");
    for (method, path, body) in [
        ("GET", "companies/12345".to_owned(), None),
        ("GET", of_customer.to_owned(), None),
        ("GET", "companies/12345/customers/nobody".to_owned(), None),
        ("POST", format!("{of_customer}/certificates/link"), Some(json!({ "certificates": [id.0] }))),
        ("GET", format!("{certificate}/customers"), None),
        ("GET", format!("{of_customer}/certificates"), None),
        ("POST", format!("{certificate}/customers/unlink"), Some(json!({ "customers": ["C-1"] }))),
        ("POST", format!("{certificate}/customers/link"), Some(json!({ "customers": ["C-1"] }))),
        ("POST", format!("{of_customer}/certificates/unlink"), Some(json!({ "certificates": [id.0] }))),
        ("GET", format!("{certificate}/attributes"), None),
        ("POST", format!("{certificate}/attributes/link"), Some(attribute.clone())),
        ("POST", format!("{certificate}/attributes/unlink"), Some(attribute.clone())),
        ("GET", format!("{of_customer}/attributes"), None),
        ("GET", "definitions/certificateattributes".to_owned(), None),
        ("DELETE", certificate.clone(), None),
        ("DELETE", of_customer.to_owned(), None),
    ] {
        let status = call(method, &path, body).await;
        assert!(status == 200 || path.ends_with("nobody"), "{method} {path}: {status}");
    }
    let seen = seen.lock().unwrap().clone();
    let names = description.check_all(&seen);
    assert!(names.len() > 15, "{names:?}");
}
