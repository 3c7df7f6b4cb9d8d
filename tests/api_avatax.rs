//! The AvaTax adapter against a real HTTP server that this file scripts: what goes over the wire, and what is made of the answers.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use certonboard::api::{AvaTax, ConnectOptions, Credentials, RetryPolicy, Secret, ServiceKind, connect, connect_dry_run, dry_run};
use certonboard::domain::*;
use certonboard::ports::*;
use jiff::civil::date;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

// ---- the scripted server -------------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone)]
struct Seen {
    method: Method,
    /// Path and query exactly as they came.
    target: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Seen {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// A query value, decoded.
    fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")))?;
        Some(percent_encoding::percent_decode_str(value).decode_utf8().unwrap().into_owned())
    }
}

struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn ok(body: Value) -> Answer {
    status(200, body)
}

fn status(status: u16, body: Value) -> Answer {
    Answer { status, headers: vec![("content-type", "application/json".into())], body: serde_json::to_vec(&body).unwrap() }
}

fn plain(status: u16, body: &str) -> Answer {
    Answer { status, headers: vec![], body: body.as_bytes().to_vec() }
}

fn list(values: Vec<Value>) -> Answer {
    ok(json!({ "@recordsetCount": values.len(), "value": values }))
}

fn refused(number: i64, http: u16) -> Answer {
    let detail = json!({ "code": "X", "number": number, "message": "refused for a reason", "severity": "Error" });
    status(http, json!({ "error": { "code": "X", "message": "outer", "target": "IncorrectData", "details": [detail] } }))
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    /// `script` gets each request and how many came before it.
    async fn start(script: impl Fn(&Seen, usize) -> Answer + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (script, log) = (Arc::new(script), seen.clone());
        let handler = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            let (script, log) = (script.clone(), log.clone());
            async move {
                let request = Seen { method, target: uri.to_string(), headers, body: body.to_vec() };
                let before = {
                    let mut log = log.lock().unwrap();
                    log.push(request.clone());
                    log.len() - 1
                };
                let answer = script(&request, before);
                let mut response = Response::builder().status(answer.status);
                for (name, value) in answer.headers {
                    response = response.header(name, value);
                }
                response.body(Body::from(answer.body)).unwrap()
            }
        };
        let app = Router::new().fallback(handler).layer(axum::extract::DefaultBodyLimit::disable());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn last(&self) -> Seen {
        self.seen().pop().unwrap()
    }
}

/// Reads each request to its end and closes the connection without an answer. Gives the address and the number of requests read.
async fn silent_server() -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count: Arc<Mutex<usize>> = Arc::default();
    let counted = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut got = Vec::new();
            let mut buffer = [0u8; 4096];
            loop {
                let text = String::from_utf8_lossy(&got).into_owned();
                if let Some((head, body)) = text.split_once("\r\n\r\n") {
                    let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
                    if body.len() >= length.unwrap_or(0) {
                        break;
                    }
                }
                match stream.read(&mut buffer).await.unwrap() {
                    0 => break,
                    n => got.extend_from_slice(&buffer[..n]),
                }
            }
            *counted.lock().unwrap() += 1;
            stream.shutdown().await.ok();
        }
    });
    (url, count)
}

#[derive(Default)]
struct Trail(Mutex<Vec<ApiCall>>);

impl AuditTrail for Trail {
    fn record(&self, call: ApiCall) {
        self.0.lock().unwrap().push(call);
    }
}

impl Trail {
    fn calls(&self) -> Vec<ApiCall> {
        self.0.lock().unwrap().clone()
    }
}

const KEY: &str = "LK-9f8e7d6c5b4a3210";

fn options(url: &str) -> (ConnectOptions, Arc<Trail>) {
    let trail = Arc::new(Trail::default());
    let credentials = Credentials::LicenseKey { account: "2000000001".into(), key: Secret::new(KEY) };
    let mut options = ConnectOptions::new(url, credentials, trail.clone());
    options.machine = "build;box".into();
    options.retry = RetryPolicy {
        tries: 3,
        first_pause: Duration::from_millis(1),
        longest_pause: Duration::from_secs(2),
        longest: Duration::from_secs(60),
    };
    (options, trail)
}

fn service(url: &str) -> (AvaTax, Arc<Trail>) {
    let (options, trail) = options(url);
    (AvaTax::new(options).unwrap(), trail)
}

// ---- data ----------------------------------------------------------------------------------------------------------------------------

const COMPANY: CompanyId = CompanyId(7);

fn code(text: &str) -> CustomerCode {
    CustomerCode::new(text).unwrap()
}

fn customer(text: &str) -> Customer {
    Customer {
        code: code(text),
        name: "Mill & Söhne".into(),
        address: Address {
            line1: "12 Mill Rd".into(),
            line2: None,
            city: "Dayton".into(),
            region: Region::from_code("OH"),
            postal_code: "00402".into(),
            country: Country::US,
        },
        contact: Contact { email: Some("ap@mill.example".into()), ..Contact::default() },
        exemption: Exemption { status: ExemptStatus::Exempt, rule: "r".into(), number: TaxNumber::new("E-1"), reason: None, expires: None },
        ship_to: vec![],
        parent: None,
        row: 2,
    }
}

fn zone(id: i64, name: &str, region: &str) -> ExposureZone {
    ExposureZone { id: ZoneId(id), name: name.into(), region: Region::from_code(region), country: Some(Country::US) }
}

fn draft() -> CertificateDraft {
    CertificateDraft {
        zone: zone(89, "Texas", "TX"),
        reason: ExemptionReason::resale(),
        number: TaxNumber::new("3-20498-1726-3"),
        signed: date(2026, 3, 1),
        expires: None,
        expiry_is_printed: false,
    }
}

fn invitation(text: &str, delivery: Delivery) -> InvitationDraft {
    InvitationDraft {
        customer: code(text),
        recipient: Some("ap@mill.example".into()),
        delivery,
        cover_letter: "STANDARD_REQUEST".into(),
        zones: vec![zone(89, "Texas", "TX"), zone(90, "Ohio", "OH")],
        reasons: vec![ReasonOnFile { id: ReasonId(70), name: ExemptionReason::resale() }],
    }
}

fn certificate_json(id: i64) -> Value {
    json!({ "id": id, "signedDate": "2026-03-01", "expirationDate": "2029-03-01T00:00:00", "exemptionNumber": "32049817263",
            "exposureZone": { "id": 89, "name": "Texas", "region": "TX", "country": "US" }, "exemptionReason": { "id": 70, "name": "RESALE" },
            "documentExists": true, "valid": true, "status": "PENDING", "ecmStatus": "SomethingNew", "unheardOf": { "a": [1] },
            "customers": [{ "customerCode": "C-1", "companyId": 7 }] })
}

const ODD: &str = "B/20 4#1?a+b%c";
const ODD_ENCODED: &str = "B%2F20%204%231%3Fa%2Bb%25c";

// ---- the wire ------------------------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn every_character_of_a_code_arrives() {
    let server = Server::start(|seen, _| match seen.method {
        Method::GET => list(vec![json!({ "customerCode": ODD })]),
        _ => ok(json!({ "customerCode": ODD })),
    })
    .await;
    let (service, trail) = service(&server.url);
    service.update_customer(COMPANY, &customer(ODD), &[]).await.unwrap();
    let put = server.last();
    assert_eq!(put.method, Method::PUT);
    assert_eq!(put.target, format!("/api/v2/companies/7/customers/{ODD_ENCODED}"));
    assert_eq!(put.json()["customerCode"], ODD);
    assert_eq!(trail.calls().last().unwrap().path, put.target);
    // The search before it carries the code in the query, and the audit trail has no query.
    assert_eq!(server.seen()[0].query("$filter").unwrap(), format!("customerCode eq '{ODD}'"));
    assert_eq!(trail.calls()[0].path, "/api/v2/companies/7/customers");
}

#[tokio::test]
async fn a_code_that_no_path_can_hold_is_refused_before_sending() {
    let server = Server::start(|_, _| list(vec![json!({ "customerCode": ".." })])).await;
    let (service, _) = service(&server.url);
    let error = service.invite(COMPANY, &invitation("..", Delivery::Email)).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Invalid);
    assert!(server.seen().is_empty());
    // Where another call carries the code, that one is used.
    service.link(COMPANY, &code(".."), &[CertificateId(5)]).await.unwrap();
    assert_eq!(server.last().path(), "/api/v2/companies/7/certificates/5/customers/link");
}

#[tokio::test]
async fn a_code_lost_on_the_way_is_told_as_such() {
    let server = Server::start(|seen, _| match seen.path().contains("%2F") {
        true => plain(404, "<html>Not Found</html>"),
        false => list(vec![json!({ "customerCode": ODD })]),
    })
    .await;
    let (service, _) = service(&server.url);
    for error in [
        service.update_customer(COMPANY, &customer(ODD), &[]).await.unwrap_err(),
        service.invite(COMPANY, &invitation(ODD, Delivery::Email)).await.unwrap_err(),
    ] {
        assert_eq!(error.kind, ServiceErrorKind::Invalid);
        assert!(error.hint.as_deref().unwrap().contains("by hand"), "{error:?}");
    }
    // A customer that is gone is another matter.
    let error = service.update_customer(COMPANY, &customer("C-1"), &[]).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::NotFound);
}

#[tokio::test]
async fn headers_say_who_calls() {
    let server = Server::start(|_, _| {
        ok(json!({ "authenticated": true, "authenticationType": "AccountIdLicenseKey", "version": "26.6.0",
                                                 "authenticatedUserName": "bob", "authenticatedAccountId": 2000000001 }))
    })
    .await;
    let (service, _) = service(&format!("{}/api/v2/", server.url));
    let identity = service.ping().await.unwrap();
    assert_eq!((identity.account, identity.user.as_deref()), (Some(2000000001), Some("bob")));
    let seen = server.last();
    assert_eq!(seen.target, "/api/v2/utilities/ping");
    let client = seen.headers["x-avalara-client"].to_str().unwrap().to_owned();
    let parts: Vec<&str> = client.split("; ").collect();
    assert_eq!(parts, ["certonboard", env!("CARGO_PKG_VERSION"), "rust", env!("CARGO_PKG_VERSION"), "build-box"]);
    assert!(seen.headers["authorization"].to_str().unwrap().starts_with("Basic "));
    assert_eq!(service.describe(), format!("AvaTax at {}", server.url));
}

#[tokio::test]
async fn a_ping_that_answers_but_knows_nobody_is_refused_with_the_names_to_check() {
    let server = Server::start(|_, _| ok(json!({ "version": "26.6.0", "authenticated": false, "authenticationType": "None" }))).await;
    let error = service(&server.url).0.ping().await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unauthorized);
    assert!(error.hint.unwrap().contains("AVATAX_LICENSE_KEY"));
    assert_eq!(server.seen().len(), 1, "a refusal is not tried again");
}

#[tokio::test]
async fn customers_are_sent_with_what_is_known_and_no_more() {
    let server = Server::start(|seen, _| ok(seen.json())).await;
    let (service, _) = service(&server.url);
    let (one, two) = (customer("C-1"), customer("00017"));
    service.create_customers(COMPANY, &[(&one, vec![zone(90, "Ohio", "OH"), zone(89, "Texas", "TX")]), (&two, vec![])]).await.unwrap();
    let seen = server.last();
    assert_eq!((seen.method.clone(), seen.target.as_str()), (Method::POST, "/api/v2/companies/7/customers"));
    assert_eq!(seen.headers["content-type"], "application/json");
    let expected = json!([
        { "companyId": 7, "customerCode": "C-1", "name": "Mill & Söhne", "line1": "12 Mill Rd", "city": "Dayton", "region": "OH", "postalCode": "00402",
          "country": "US", "emailAddress": "ap@mill.example", "exposureZones": [{ "name": "Ohio" }, { "name": "Texas" }] },
        { "companyId": 7, "customerCode": "00017", "name": "Mill & Söhne", "line1": "12 Mill Rd", "city": "Dayton", "region": "OH",
          "postalCode": "00402", "country": "US", "emailAddress": "ap@mill.example" },
    ]);
    assert_eq!(seen.json(), expected);
    service.create_customers(COMPANY, &[]).await.unwrap();
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_batch_that_is_not_confirmed_as_a_whole_is_unclear() {
    let server = Server::start(|_, _| ok(json!([{ "customerCode": "C-1" }]))).await;
    let (one, two) = (customer("C-1"), customer("C-2"));
    let error = service(&server.url).0.create_customers(COMPANY, &[(&one, vec![]), (&two, vec![])]).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unclear);
}

#[tokio::test]
async fn an_update_sends_back_what_it_does_not_manage() {
    let server = Server::start(|seen, _| match seen.method {
        Method::GET => list(vec![
            json!({ "customerCode": "c-1", "alternateId": "wrong record" }),
            json!({ "id": 5, "customerCode": "C-1", "name": "Old", "line2": "Suite 1", "alternateId": 98, "attnName": "Receiving", "isBill": true,
                    "taxpayerIdNumber": "12-3456789", "createdDate": "2020-01-01", "phoneNumber": null,
                    "exposureZones": [{ "id": 1, "name": "Texas", "region": "TX" }, { "id": 2, "name": "City of Denver", "region": "CO" }] }),
        ]),
        _ => ok(json!({ "customerCode": "C-1" })),
    })
    .await;
    service(&server.url).0.update_customer(COMPANY, &customer("C-1"), &[zone(90, "Ohio", "OH")]).await.unwrap();
    let sent = server.last().json();
    let expected = json!({ "companyId": 7, "customerCode": "C-1", "name": "Mill & Söhne", "line1": "12 Mill Rd", "city": "Dayton", "region": "OH",
        "postalCode": "00402", "country": "US", "emailAddress": "ap@mill.example", "exposureZones": [{ "name": "Ohio" }, { "name": "City of Denver" }],
        "alternateId": "98", "attnName": "Receiving", "isBill": true, "taxpayerIdNumber": "12-3456789" });
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn a_customer_is_looked_up_by_its_exact_code() {
    let server = Server::start(|_, _| {
        list(vec![json!({ "customerCode": "o'neil" }), json!({ "customerCode": "O'Neil", "name": "Right", "country": "USA" })])
    })
    .await;
    let (service, _) = service(&server.url);
    let found = service.customer(COMPANY, &code("O'Neil")).await.unwrap().unwrap();
    assert_eq!((found.name.as_str(), found.address.country), ("Right", Country::US));
    assert!(server.last().target.contains("$filter=customerCode%20eq%20%27O%27%27Neil%27"));
    assert_eq!(service.customer(COMPANY, &code("O'NEIL")).await.unwrap(), None);
}

#[tokio::test]
async fn ship_to_zones_are_asked_for_and_read_in_any_form() {
    let server = Server::start(|seen, _| match seen.query("$include").as_deref() {
        Some("shipToStates") => list(vec![
            json!({ "customerCode": "C-1", "exposureZones": [{ "name": "Ohio" }], "shipToStates": [{ "name": "Ohio", "region": "OH" }] }),
            json!({ "customerCode": "C-2", "shipToStates": ["TX", "Ohio", 7] }),
        ]),
        _ => list(vec![]),
    })
    .await;
    let found = service(&server.url).0.customers(COMPANY).await.unwrap();
    let codes = |n: usize| found[n].exposure_zones.iter().flatten().map(Region::code).collect::<Vec<_>>();
    assert_eq!((codes(0), codes(1)), (vec!["OH"], vec!["OH", "TX"]));

    // A release that does not know the word.
    let server = Server::start(|seen, _| match seen.query("$include") {
        Some(_) => refused(5, 400),
        None => list(vec![json!({ "customerCode": "C-1", "exposureZones": [{ "name": "Ohio" }] })]),
    })
    .await;
    let (service, _) = service(&server.url);
    assert_eq!(service.customers(COMPANY).await.unwrap()[0].exposure_zones.as_ref().unwrap().len(), 1);
    assert!(service.customer(COMPANY, &code("C-1")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_refused_search_is_done_here_instead() {
    let server = Server::start(|seen, _| match seen.query("$filter") {
        Some(_) => refused(1212, 400),
        None => list(vec![json!({ "customerCode": "C-1" }), json!({ "customerCode": "C-2" })]),
    })
    .await;
    let found = service(&server.url).0.customer(COMPANY, &code("C-2")).await.unwrap();
    assert_eq!(found.unwrap().code, code("C-2"));
}

#[tokio::test]
async fn a_certificate_is_one_record_with_one_pdf_and_nothing_unused() {
    let server = Server::start(|_, _| ok(json!([{ "id": 4711 }]))).await;
    let (service, _) = service(&server.url);
    let pdf = [0xfbu8, 0xff, 0xbe, b'%', b'P'];
    let id = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: &pdf }).await.unwrap();
    assert_eq!(id, CertificateId(4711));
    let seen = server.last();
    assert_eq!(seen.target, "/api/v2/companies/7/certificates");
    let expected = json!([{ "signedDate": "2026-03-01", "exposureZone": { "name": "Texas" }, "exemptionReason": { "name": "RESALE" },
        "exemptionNumber": "3-20498-1726-3", "exemptPercentage": 100, "valid": true, "pdf": "+/++JVA=" }]);
    assert_eq!(seen.json(), expected);

    let mut dated = draft();
    (dated.expires, dated.number) = (Some(date(2029, 3, 1)), None);
    service.create_certificate(COMPANY, &NewCertificate { draft: &dated, pdf: &pdf }).await.unwrap();
    let sent = server.last().json();
    assert_eq!(sent[0]["expirationDate"], "2029-03-01");
    assert!(sent[0].get("exemptionNumber").is_none());
}

#[tokio::test]
async fn a_certificate_without_a_number_in_the_answer_is_unclear() {
    for body in ["[]", "[{}]", "[{\"id\":1},{\"id\":2}]", "{}", "", "<html>"] {
        let server = Server::start(move |_, _| plain(200, body)).await;
        let error =
            service(&server.url).0.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap_err();
        assert_eq!(error.kind, ServiceErrorKind::Unclear, "{body}");
        assert!(error.hint.unwrap().contains("look the object up"));
    }
}

#[tokio::test]
async fn certificates_are_read_with_their_customers() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/v2/companies/7/certificates" => list(vec![certificate_json(1), json!({ "no": "id" })]),
        "/api/v2/companies/7/certificates/1" => ok(certificate_json(1)),
        _ => refused(4, 404),
    })
    .await;
    let (service, _) = service(&server.url);
    let all = service.certificates(COMPANY).await.unwrap();
    assert_eq!(all.len(), 1);
    let one = &all[0];
    assert_eq!((one.id, one.zone_name.as_str(), one.expires), (CertificateId(1), "Texas", Some(date(2029, 3, 1))));
    assert_eq!((one.customers.as_slice(), one.valid, one.status.as_deref()), ([code("C-1")].as_slice(), Some(true), Some("PENDING")));
    assert_eq!(server.last().query("$include").as_deref(), Some("customers"));
    assert_eq!(service.certificate(COMPANY, CertificateId(1)).await.unwrap().as_ref(), Some(one));
    assert_eq!(service.certificate(COMPANY, CertificateId(2)).await.unwrap(), None);
}

#[tokio::test]
async fn a_lost_certificate_is_found_by_its_claim() {
    let mut other = certificate_json(2);
    other["exemptionNumber"] = json!("999");
    let server = Server::start(move |_, _| list(vec![certificate_json(1), other.clone()])).await;
    let search = CertificateSearch { draft: &draft(), created_since: date(2026, 3, 1) };
    let found = service(&server.url).0.find_certificates(COMPANY, &search).await.unwrap();
    assert_eq!(found.iter().map(|c| c.id.0).collect::<Vec<_>>(), [1]);
    let filter = server.last().query("$filter").unwrap();
    assert_eq!(filter, "createdDate ge '2026-02-28'");
}

#[tokio::test]
async fn links_go_by_path_or_by_body() {
    let server = Server::start(|_, _| list(vec![])).await;
    let (service, _) = service(&server.url);
    let ids = [CertificateId(1), CertificateId(3)];
    service.link(COMPANY, &code("C 1"), &ids).await.unwrap();
    assert_eq!(server.last().target, "/api/v2/companies/7/customers/C%201/certificates/link");
    assert_eq!(server.last().json(), json!({ "certificates": [1, 3] }));
    service.link(COMPANY, &code(ODD), &ids).await.unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].target, "/api/v2/companies/7/certificates/1/customers/link");
    assert_eq!(seen[2].target, "/api/v2/companies/7/certificates/3/customers/link");
    assert_eq!(seen[2].json(), json!({ "customers": [ODD] }));
    service.link(COMPANY, &code(ODD), &[]).await.unwrap();
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn certificates_of_a_customer_with_an_odd_code() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/v2/companies/7/customers" => list(vec![json!({ "customerCode": ODD, "certificates": [certificate_json(1)] })]),
        "/api/v2/companies/7/customers/C-1/certificates" => list(vec![certificate_json(2)]),
        _ => refused(4, 404),
    })
    .await;
    let (service, _) = service(&server.url);
    assert_eq!(service.certificates_of(COMPANY, &code(ODD)).await.unwrap()[0].id, CertificateId(1));
    assert_eq!(server.last().query("$include").as_deref(), Some("certificates"));
    assert_eq!(service.certificates_of(COMPANY, &code("C-1")).await.unwrap()[0].id, CertificateId(2));
    assert_eq!(service.certificates_of(COMPANY, &code("C-2")).await.unwrap_err().kind, ServiceErrorKind::NotFound);
}

#[tokio::test]
async fn invitations() {
    let server = Server::start(|seen, _| match (seen.method.clone(), seen.path()) {
        (Method::POST, _) => ok(json!([{ "status": "InProgress", "invitation": { "id": 31, "customerCode": "C-1", "requestLink": null } }])),
        (_, "/api/v2/companies/7/customers/C-1/certexpressinvites/31") => {
            ok(json!({ "id": 31, "customerCode": "C-1", "deliveryMethod": "Download", "date": "2026-11-20T10:00:00", "requestLink": "https://x/y" }))
        }
        (_, "/api/v2/companies/7/certexpressinvites") => list(vec![
            json!({ "id": 31, "customerCode": ODD, "deliveryMethod": "Email", "emailStatus": "Sent", "date": "2026-11-20T10:00:00" }),
            json!({ "id": 30, "customer": { "customerCode": "C-9" }, "deliveryMethod": "Pigeon", "date": "2026-11-01" }),
        ]),
        _ => refused(4, 404),
    })
    .await;
    let (service, _) = service(&server.url);
    let receipt = service.invite(COMPANY, &invitation("C-1", Delivery::Email)).await.unwrap();
    assert_eq!(receipt, InvitationReceipt { id: Some(InvitationId(31)), state: InvitationState::InProgress, link: None });
    let sent = server.last();
    assert_eq!(sent.target, "/api/v2/companies/7/customers/C-1/certexpressinvites");
    let expected = json!([{ "recipient": "ap@mill.example", "coverLetterTitle": "STANDARD_REQUEST", "exposureZones": [89, 90], "exemptReasons": [70],
        "deliveryMethod": "Email" }]);
    assert_eq!(sent.json(), expected);

    let read = service.invitation(COMPANY, &code("C-1"), InvitationId(31)).await.unwrap().unwrap();
    assert_eq!((read.state(), read.sent, read.delivery), (InvitationState::Ready, Some(date(2026, 11, 20)), Some(Delivery::Download)));
    assert_eq!(service.invitation(COMPANY, &code("C-1"), InvitationId(32)).await.unwrap(), None);
    let odd = service.invitation(COMPANY, &code(ODD), InvitationId(31)).await.unwrap().unwrap();
    assert_eq!((odd.customer.clone(), odd.state()), (code(ODD), InvitationState::Ready));
    assert_eq!(server.last().query("$filter").as_deref(), Some("id eq 31"));
    let recent = service.invitations(COMPANY, Some(date(2026, 11, 21))).await.unwrap();
    assert_eq!(
        recent.iter().map(|i| i.id.0).collect::<Vec<_>>(),
        [31],
        "a day earlier counts too, because days begin elsewhere at other hours"
    );
    let all = service.invitations(COMPANY, None).await.unwrap();
    assert_eq!((all.len(), all[1].customer.clone(), all[1].delivery), (2, code("C-9"), None));
}

#[tokio::test]
async fn definitions_are_read_whole() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/v2/definitions/certificateexposurezones" => list(vec![
            json!({ "id": 89, "companyId": 7, "name": "Texas", "tag": "EZ_US_TX", "region": "TX", "country": "US" }),
            json!({ "id": 90, "name": "Ohio" }),
            json!({ "id": 91, "name": "City of Denver", "region": "CO", "country": "US" }),
        ]),
        "/api/v2/definitions/certificateexemptreasons" => list(vec![json!({ "id": "70", "name": "Resale" })]),
        "/api/v2/definitions/coverletters" => {
            list(vec![json!({ "title": "STANDARD_REQUEST", "active": true }), json!({ "title": "OLD", "active": false })])
        }
        _ => plain(404, ""),
    })
    .await;
    let found = service(&server.url).0.definitions(COMPANY).await.unwrap();
    let zone_of = |code: &str| found.zones.iter().find(|z| z.is_state(&Region::from_code(code).unwrap()));
    assert_eq!(zone_of("OH").unwrap().id, ZoneId(90));
    assert_eq!(zone_of("CO"), None);
    assert_eq!(found.reasons, [ReasonOnFile { id: ReasonId(70), name: ExemptionReason::resale() }]);
    assert_eq!(found.cover_letters.iter().map(|l| l.active).collect::<Vec<_>>(), [true, false]);
    assert!(server.seen().iter().all(|seen| seen.query("$filter").is_none() && seen.query("$orderBy").is_none()));
}

#[tokio::test]
async fn storage_and_companies() {
    for (body, expected) in [
        (json!({ "status": "Provisioned", "accountId": 1, "companyId": 7 }), StorageStatus::Provisioned),
        (json!({ "status": "Finished" }), StorageStatus::Provisioned),
        (json!({ "status": 1 }), StorageStatus::InProgress),
        (json!([{ "status": "NotProvisioned" }]), StorageStatus::NotProvisioned),
    ] {
        let server = Server::start(move |_, _| ok(body.clone())).await;
        let (service, _) = service(&server.url);
        assert_eq!(service.storage_status(COMPANY).await.unwrap(), expected);
        assert_eq!(service.request_storage(COMPANY).await.unwrap(), expected);
        assert_eq!(
            (server.last().method, server.last().path().to_owned()),
            (Method::POST, "/api/v2/companies/7/certificates/setup".to_owned())
        );
    }
    let server = Server::start(|_, _| refused(1205, 400)).await;
    assert_eq!(service(&server.url).0.storage_status(COMPANY).await.unwrap(), StorageStatus::NotProvisioned);
    let server = Server::start(|_, _| ok(json!({ "status": "Melting" }))).await;
    assert_eq!(service(&server.url).0.storage_status(COMPANY).await.unwrap_err().kind, ServiceErrorKind::Protocol);
    let server =
        Server::start(|_, _| list(vec![json!({ "id": 7, "companyCode": "DEFAULT", "name": "N", "isDefault": true, "isActive": true })]))
            .await;
    let companies = service(&server.url).0.companies().await.unwrap();
    assert_eq!((companies[0].id, companies[0].code.0.as_str(), companies[0].is_default), (COMPANY, "DEFAULT", true));
}

// ---- lists ---------------------------------------------------------------------------------------------------------------------------

/// A page of `total` customers, at most `most` at a time.
fn customer_page(seen: &Seen, total: usize, most: usize, count: bool) -> Answer {
    let number = |name: &str| seen.query(name).unwrap().parse::<usize>().unwrap();
    let (top, skip) = (number("$top"), number("$skip"));
    if !skip.is_multiple_of(top) {
        return refused(1218, 400);
    }
    let values: Vec<Value> = (skip..total.min(skip + top.min(most))).map(|n| json!({ "customerCode": format!("C-{n}") })).collect();
    match count {
        true => ok(json!({ "@recordsetCount": total, "value": values, "pageKey": "x" })),
        false => ok(json!({ "value": values })),
    }
}

#[tokio::test]
async fn lists_of_every_length_are_read_to_their_end() {
    for (total, most, count) in [
        (0, 1000, true),
        (1, 1000, true),
        (99, 1000, false),
        (100, 1000, true),
        (100, 1000, false),
        (250, 1000, true),
        (250, 1000, false),
        (250, 40, true),
    ] {
        let server = Server::start(move |seen, _| customer_page(seen, total, most, count)).await;
        let found = service(&server.url).0.customers(COMPANY).await.unwrap();
        let codes: std::collections::BTreeSet<_> = found.iter().map(|c| c.code.clone()).collect();
        assert_eq!((found.len(), codes.len()), (total, total), "{total} {most} {count}");
        assert!(server.seen().iter().all(|seen| seen.query("$orderBy").as_deref() == Some("id ASC")));
    }
}

#[tokio::test]
async fn a_list_that_never_ends_is_given_up() {
    let server = Server::start(|_, _| {
        ok(json!({ "@recordsetCount": 1000, "value": (0..100).map(|n| json!({ "customerCode": n })).collect::<Vec<_>>() }))
    })
    .await;
    let error = service(&server.url).0.customers(COMPANY).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Protocol);
    // Pages that were asked for ahead, and no more.
    assert!(server.seen().len() < 20, "{}", server.seen().len());
}

#[tokio::test]
async fn a_spoilt_answer_is_asked_for_again_and_a_write_is_not() {
    let spoilt = || Answer { status: 200, headers: vec![("content-type", "application/json".into())], body: b"{\"value\": [{".to_vec() };
    let server = Server::start(move |_, before| if before < 2 { spoilt() } else { list(vec![]) }).await;
    assert_eq!(service(&server.url).0.customers(COMPANY).await.unwrap(), []);
    assert_eq!(server.seen().len(), 3);
    let server = Server::start(move |_, _| spoilt()).await;
    let error = service(&server.url).0.create_customers(COMPANY, &[(&customer("C-1"), vec![])]).await.unwrap_err();
    assert_eq!((error.kind, server.seen().len()), (ServiceErrorKind::Unclear, 1));
}

#[tokio::test]
async fn an_answer_that_is_no_list_is_not_an_empty_list() {
    for body in ["", "{}", "null", "\"x\"", "{\"error\":{\"code\":\"X\"}}", "<html>"] {
        let server = Server::start(move |_, _| plain(200, body)).await;
        let error = service(&server.url).0.customers(COMPANY).await.unwrap_err();
        assert_eq!(error.kind, ServiceErrorKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn a_list_that_shrinks_while_it_is_read_is_read_again() {
    // The first reading is promised 150 and gets 120; the second comes out right.
    let server = Server::start(|seen, before| {
        let skip: usize = seen.query("$skip").unwrap().parse().unwrap();
        let total = if before < 3 { 120 } else { 150 };
        let values: Vec<Value> = (skip..total.min(skip + 100)).map(|n| json!({ "customerCode": format!("C-{n}") })).collect();
        ok(json!({ "@recordsetCount": 150, "value": values }))
    })
    .await;
    assert_eq!(service(&server.url).0.customers(COMPANY).await.unwrap().len(), 150);
    // A count that is wrong each time in the same way is not believed.
    let server = Server::start(|seen, _| match seen.query("$skip").as_deref() {
        Some("0") => ok(json!({ "@recordsetCount": 5, "value": [{ "customerCode": "C-1" }] })),
        _ => ok(json!({ "@recordsetCount": 5, "value": [] })),
    })
    .await;
    assert_eq!(service(&server.url).0.customers(COMPANY).await.unwrap().len(), 1);
}

// ---- refusals, losses, limits --------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn refusals_are_told_apart() {
    for (number, http, kind, hint) in [
        (30, 401, ServiceErrorKind::Unauthorized, "AVATAX_LICENSE_KEY"),
        (31, 403, ServiceErrorKind::Forbidden, "role"),
        (196, 400, ServiceErrorKind::Forbidden, "role"),
        (1205, 400, ServiceErrorKind::NotProvisioned, "storage"),
        (193, 400, ServiceErrorKind::Duplicate, "compare"),
        (126, 400, ServiceErrorKind::Invalid, "state"),
        (1215, 400, ServiceErrorKind::Invalid, "cover letter"),
    ] {
        let server = Server::start(move |_, _| refused(number, http)).await;
        let error = service(&server.url).0.invite(COMPANY, &invitation("C-1", Delivery::Email)).await.unwrap_err();
        assert_eq!((error.kind, error.number), (kind, Some(number)));
        assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
        assert_eq!(error.to_string(), "CreateCertExpressInvitation: refused for a reason");
        assert_eq!(server.seen().len(), 1, "{number} was tried again");
    }
}

#[tokio::test]
async fn a_wrong_sign_in_is_never_tried_again() {
    for body in ["", "{}", "<html>"] {
        let server = Server::start(move |_, _| plain(401, body)).await;
        let error = service(&server.url).0.companies().await.unwrap_err();
        assert_eq!(error.kind, ServiceErrorKind::Unauthorized);
        assert!(error.hint.unwrap().contains("AVATAX_ACCOUNT_ID"));
        assert_eq!(server.seen().len(), 1);
    }
}

#[tokio::test]
async fn reads_are_tried_again_and_every_try_is_noted() {
    let server = Server::start(|_, before| if before < 2 { plain(503, "<html>busy</html>") } else { list(vec![]) }).await;
    let (service, trail) = service(&server.url);
    service.companies().await.unwrap();
    let calls = trail.calls();
    assert_eq!(calls.iter().map(|c| (c.attempt, c.status)).collect::<Vec<_>>(), [(1, Some(503)), (2, Some(503)), (3, Some(200))]);
    assert_eq!(calls[0].response_sha256, Some(Sha256::of(b"<html>busy</html>")));
    assert_eq!((calls[0].call.as_str(), calls[0].method.as_str(), calls[0].path.as_str()), ("QueryCompanies", "GET", "/api/v2/companies"));
    assert!(calls.iter().all(|c| !c.dry_run && c.request_sha256.is_none()));
}

#[tokio::test]
async fn tries_are_bounded() {
    let server = Server::start(|_, _| plain(500, "")).await;
    assert_eq!(service(&server.url).0.companies().await.unwrap_err().kind, ServiceErrorKind::Unavailable);
    assert_eq!(server.seen().len(), 3);
}

#[tokio::test]
async fn a_write_that_may_have_worked_is_not_tried_again() {
    for answer in [500, 502, 503, 504, 408] {
        let server = Server::start(move |_, _| plain(answer, "<html>")).await;
        let (service, trail) = service(&server.url);
        let error = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap_err();
        assert_eq!(error.kind, ServiceErrorKind::Unclear, "{answer}");
        assert!(error.hint.unwrap().contains("look the object up"));
        assert_eq!(server.seen().len(), 1);
        assert_eq!(trail.calls()[0].request_sha256, Some(Sha256::of(&server.last().body)));
    }
}

#[tokio::test]
async fn too_many_requests_are_sent_again_when_the_service_says() {
    let server = Server::start(|_, before| match before {
        0 => Answer { headers: vec![("retry-after", "0".into())], ..plain(429, "") },
        1 => Answer { headers: vec![("retry-after", "1".into())], ..plain(429, "") },
        _ => ok(json!([{ "id": 1 }])),
    })
    .await;
    let began = Instant::now();
    service(&server.url).0.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1), "Retry-After was not honoured");
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.windows(2).all(|w| w[0].body == w[1].body));

    let server = Server::start(|_, _| Answer { headers: vec![("retry-after", "3600".into())], ..plain(429, "") }).await;
    let error = service(&server.url).0.companies().await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Limited);
    assert!(error.hint.unwrap().contains("3600 seconds"));
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_write_is_unclear() {
    let (url, count) = silent_server().await;
    let (service, trail) = service(&url);
    let error = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unclear);
    assert_eq!((*count.lock().unwrap(), trail.calls().len(), trail.calls()[0].status), (1, 1, None));

    let error = service.companies().await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unavailable);
    assert_eq!(*count.lock().unwrap(), 4, "a read is tried three times");
}

#[tokio::test]
async fn a_late_answer_to_a_write_is_unclear() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mut options, _) = options(&format!("http://{}", listener.local_addr().unwrap()));
    options.timeout = Duration::from_millis(200);
    let error = AvaTax::new(options).unwrap().request_storage(COMPANY).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unclear);
    assert!(error.message.contains("no answer in time"), "{error}");
}

#[tokio::test]
async fn nobody_there_is_unavailable_and_names_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (service, trail) = service(&url);
    let error = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unavailable);
    assert!(error.message.contains(&url) && error.hint.as_deref().unwrap().contains("Check the address"), "{error:?}");
    assert_eq!(trail.calls().len(), 3, "nothing was sent, so it may be tried again");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = Server::start(|_, _| list(vec![])).await;
    let elsewhere = other.url.clone();
    let server = Server::start(move |_, _| Answer { headers: vec![("location", elsewhere.clone())], ..plain(302, "") }).await;
    let error = service(&server.url).0.companies().await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Protocol);
    assert!(other.seen().is_empty());
}

#[tokio::test]
async fn a_huge_answer_is_cut_off() {
    let server = Server::start(|_, _| Answer { headers: vec![], body: vec![b' '; 100_000], status: 200 }).await;
    let (mut options, _) = options(&server.url);
    options.max_response_bytes = 10_000;
    let service = AvaTax::new(options).unwrap();
    assert_eq!(service.companies().await.unwrap_err().kind, ServiceErrorKind::Protocol);
    let error = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Unclear);

    // Chunked, with no length announced.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0u8; 4096];
        let _ = stream.read(&mut buffer).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await.unwrap();
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(4096));
        while stream.write_all(chunk.as_bytes()).await.is_ok() {}
    });
    let (mut options, _) = self::options(&url);
    (options.max_response_bytes, options.retry.tries) = (10_000, 1);
    let error = AvaTax::new(options).unwrap().companies().await.unwrap_err();
    assert!(error.message.contains("longer than 10000 bytes"), "{error}");
}

// ---- secrets and addresses -----------------------------------------------------------------------------------------------------------

#[tokio::test]
async fn secrets_are_nowhere_to_be_seen() {
    // A service that sends back all it got.
    let server = Server::start(|seen, before| {
        let echo = format!("bad sign-in {} key {KEY}", seen.headers["authorization"].to_str().unwrap());
        match before % 2 {
            0 => status(
                400,
                json!({ "error": { "code": "X", "message": echo, "details": [{ "number": 5, "message": echo, "refersTo": KEY }] } }),
            ),
            _ => plain(400, &echo),
        }
    })
    .await;
    let (options, trail) = options(&server.url);
    let credentials = format!("{:?}", options.credentials);
    let service = connect(ServiceKind::AvaTax, options).unwrap();
    let errors = [service.companies().await.unwrap_err(), service.companies().await.unwrap_err()];
    let (seen, basic) = (server.last(), server.last().headers["authorization"].to_str().unwrap()[6..].to_owned());
    assert!(seen.headers["authorization"].to_str().unwrap().len() > 10);
    let shown = format!("{errors:?} {errors:#?} {} {} {credentials} {} {:?}", errors[0], errors[1], service.describe(), trail.calls());
    assert!(shown.contains("********"));
    for secret in [KEY, basic.as_str()] {
        assert!(!shown.contains(secret), "{shown}");
    }
    let stored = serde_json::to_string(&(errors, trail.calls())).unwrap();
    assert!(!stored.contains(KEY) && !stored.contains(&basic));
}

#[test]
fn plain_http_goes_to_this_machine_only() {
    for (url, good) in [
        ("https://rest.avatax.com", true),
        ("http://localhost:8080", true),
        ("http://[::1]:8080/", true),
        ("http://rest.avatax.com", false),
        ("http://192.168.1.5:8080", false),
        ("https://me:hunter2@rest.avatax.com", false),
        ("no url", false),
    ] {
        match connect(ServiceKind::AvaTax, options(url).0) {
            Ok(_) => assert!(good, "{url}"),
            Err(error) => {
                assert!(!good, "{url}: {error}");
                assert_eq!(error.kind, ServiceErrorKind::Invalid);
                assert!(error.hint.is_some() && !format!("{error:?}").contains("hunter2"));
            }
        }
    }
    let (mut no_key, _) = options("https://rest.avatax.com");
    no_key.credentials = Credentials::LicenseKey { account: "1".into(), key: Secret::new("") };
    let error = AvaTax::new(no_key).err().unwrap();
    assert!(error.message.contains("license key is empty") && error.hint.unwrap().contains("AVATAX_LICENSE_KEY"));
}

// ---- dry run -------------------------------------------------------------------------------------------------------------------------

/// Every write once.
async fn write_everything(service: &dyn ExemptionService) -> CertificateId {
    service.request_storage(COMPANY).await.unwrap();
    let (one, odd) = (customer("C-1"), customer(ODD));
    service.create_customers(COMPANY, &[(&one, vec![zone(90, "Ohio", "OH")]), (&odd, vec![])]).await.unwrap();
    service.update_customer(COMPANY, &customer("C-0"), &[]).await.unwrap();
    let id = service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF-1.4" }).await.unwrap();
    service.link(COMPANY, &one.code, &[CertificateId(1)]).await.unwrap();
    service.link(COMPANY, &odd.code, &[CertificateId(1)]).await.unwrap();
    service.invite(COMPANY, &invitation("C-1", Delivery::Download)).await.unwrap();
    id
}

fn fully_working(seen: &Seen) -> Answer {
    match (seen.method.clone(), seen.path()) {
        (Method::GET, "/api/v2/companies/7/customers") => match seen.query("$filter") {
            Some(filter) if !filter.contains("C-0") => list(vec![]),
            _ => list(vec![json!({ "customerCode": "C-0", "name": "Before", "alternateId": "A0", "country": "US" })]),
        },
        (Method::GET, "/api/v2/companies/7/certificates/1") => ok(certificate_json(1)),
        (Method::GET, "/api/v2/companies/7/customers/C-0/certificates") => list(vec![certificate_json(2)]),
        (Method::GET, "/api/v2/companies/7/certificates") => list(vec![certificate_json(1), certificate_json(2)]),
        (Method::GET, "/api/v2/companies/7/certexpressinvites") => list(vec![]),
        (Method::POST, "/api/v2/companies/7/certificates/setup") => ok(json!({ "status": "InProgress" })),
        (Method::POST, "/api/v2/companies/7/customers") => ok(seen.json()),
        (Method::PUT, _) => ok(seen.json()),
        (Method::POST, "/api/v2/companies/7/certificates") => ok(json!([{ "id": 50 }])),
        (Method::POST, path) if path.ends_with("certexpressinvites") => ok(json!([{ "status": "Ready", "invitation": { "id": 3 } }])),
        (Method::POST, path) if path.ends_with("link") => list(vec![]),
        _ => refused(4, 404),
    }
}

#[tokio::test]
async fn a_dry_run_notes_the_very_requests_and_sends_none() {
    let server = Server::start(|seen, _| fully_working(seen)).await;
    let (real, real_trail) = service(&server.url);
    write_everything(&real).await;
    let really_sent = server.seen().iter().filter(|seen| seen.method != Method::GET).count();

    let server = Server::start(|seen, _| fully_working(seen)).await;
    let (dry_service, dry_trail) = service(&server.url);
    let dry = dry_run(dry_service);
    write_everything(dry.as_ref()).await;
    assert!(server.seen().iter().all(|seen| seen.method == Method::GET), "a dry run wrote");

    let writes = |trail: &Trail| -> Vec<_> {
        trail.calls().into_iter().filter(|c| c.method != "GET").map(|c| (c.call, c.method, c.path, c.request_sha256, c.dry_run)).collect()
    };
    let as_dry: Vec<_> = writes(&real_trail).into_iter().map(|(call, method, path, sum, _)| (call, method, path, sum, true)).collect();
    assert_eq!(as_dry.len(), really_sent);
    assert_eq!(writes(&dry_trail), as_dry);
    assert!(!dry.writes() && real.writes());
    assert!(dry.describe().contains("dry run"));
}

#[tokio::test]
async fn a_dry_run_reads_what_it_would_have_written() {
    let server = Server::start(|seen, _| fully_working(seen)).await;
    let dry = dry_run(service(&server.url).0);
    let made = write_everything(dry.as_ref()).await;
    assert!(made.0 < 0);
    dry.link(COMPANY, &code("C-1"), &[made]).await.unwrap();
    dry.link(COMPANY, &code("C-0"), &[made]).await.unwrap();

    let customers = dry.customers(COMPANY).await.unwrap();
    let mut codes: Vec<&str> = customers.iter().map(|c| c.code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [ODD, "C-0", "C-1"]);
    assert_eq!(customers.iter().find(|c| c.code.as_str() == "C-0").unwrap().name, "Mill & Söhne");
    assert_eq!(dry.customer(COMPANY, &code("C-1")).await.unwrap().unwrap().exposure_zones, Some(vec![Region::from_code("OH").unwrap()]));
    assert_eq!(dry.customer(COMPANY, &code("C-9")).await.unwrap(), None);

    let ids = |found: Vec<CertificateOnFile>| found.iter().map(|c| c.id.0).collect::<Vec<_>>();
    assert_eq!(ids(dry.certificates_of(COMPANY, &code("C-1")).await.unwrap()), [-1, 1]);
    assert_eq!(ids(dry.certificates_of(COMPANY, &code("C-0")).await.unwrap()), [2, -1]);
    let all = dry.certificates(COMPANY).await.unwrap();
    assert_eq!(ids(all.clone()), [1, 2, -1]);
    assert_eq!(all[2].customers, [code("C-0"), code("C-1")]);
    assert_eq!(all[0].customers, [code("C-1"), code(ODD)]);
    let search = CertificateSearch { draft: &draft(), created_since: date(2026, 3, 1) };
    assert!(ids(dry.find_certificates(COMPANY, &search).await.unwrap()).contains(&-1));
    assert_eq!(dry.certificate(COMPANY, made).await.unwrap().unwrap().customers.len(), 2);

    let receipt = dry.invite(COMPANY, &invitation("C-1", Delivery::Download)).await.unwrap();
    let id = receipt.id.unwrap();
    assert!(id.0 < 0);
    let read = dry.invitation(COMPANY, &code("C-1"), id).await.unwrap().unwrap();
    assert_eq!((read.state(), read.link.as_deref()), (InvitationState::Ready, Some("(a link that the service would make)")));
    assert_eq!(dry.invitations(COMPANY, None).await.unwrap().len(), 2);
    assert_eq!(dry.link(COMPANY, &code("C-1"), &[CertificateId(-99)]).await.unwrap_err().kind, ServiceErrorKind::NotFound);
}

#[tokio::test]
async fn a_dry_run_goes_on_where_storage_is_not_set_up() {
    let server = Server::start(|seen, _| match seen.path() {
        "/api/v2/companies/7/certificates/setup" => ok(json!({ "status": "NotProvisioned" })),
        _ => refused(1205, 400),
    })
    .await;
    let dry = connect_dry_run(ServiceKind::AvaTax, options(&server.url).0).unwrap();
    assert_eq!(dry.customers(COMPANY).await.unwrap_err().kind, ServiceErrorKind::NotProvisioned);
    assert_eq!(dry.storage_status(COMPANY).await.unwrap(), StorageStatus::NotProvisioned);
    assert_eq!(dry.request_storage(COMPANY).await.unwrap(), StorageStatus::InProgress);
    assert_eq!(dry.storage_status(COMPANY).await.unwrap(), StorageStatus::Provisioned);
    assert!(dry.customers(COMPANY).await.unwrap().is_empty());
    assert!(dry.certificates(COMPANY).await.unwrap().is_empty());
    assert!(dry.certificates_of(COMPANY, &code("C-1")).await.unwrap().is_empty());
    assert_eq!(dry.definitions(COMPANY).await.unwrap(), Definitions::default());
    assert!(dry.invitations(COMPANY, None).await.unwrap().is_empty());
    assert_eq!(dry.customer(COMPANY, &code("C-1")).await.unwrap(), None);
}

#[tokio::test]
async fn many_calls_at_a_time() {
    let server = Server::start(|seen, _| fully_working(seen)).await;
    let service: Arc<dyn ExemptionService> = dry_run(service(&server.url).0);
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let service = service.clone();
            tokio::spawn(
                async move { service.create_certificate(COMPANY, &NewCertificate { draft: &draft(), pdf: b"%PDF" }).await.unwrap() },
            )
        })
        .collect();
    let mut ids = std::collections::BTreeSet::new();
    for task in tasks {
        ids.insert(task.await.unwrap());
    }
    assert_eq!(ids.len(), 20);
}
