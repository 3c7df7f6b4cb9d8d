//! The sandbox over real HTTP: every published rule that it claims to keep.
//!
//! Nothing here waits for time to pass: what takes the service minutes takes the sandbox a number of looks.

use std::sync::Once;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use certonboard::sandbox::{Faults, Quirks, Role, Sandbox, SandboxOptions, start};
use lopdf::{Object, dictionary};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const COMPANY: &str = "/api/v2/companies/12345";

struct Server {
    sandbox: Sandbox,
    http: reqwest::Client,
}

type Answer = (u16, Value);

impl Server {
    async fn new() -> Self {
        Self::with(SandboxOptions::default()).await
    }

    async fn with(options: SandboxOptions) -> Self {
        Server { sandbox: start(options).await.expect("the sandbox starts"), http: client() }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path)).basic_auth("2000000000", Some("SANDBOX"))
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    async fn find(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        answer(self.request(Method::GET, path).query(query)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    async fn add_customer(&self, code: &str) {
        let (status, body) = self.post(&at("/customers"), json!([customer(code)])).await;
        assert_eq!(status, 200, "{body}");
    }

    async fn add_certificate(&self, fields: Value) -> i64 {
        let (status, body) = self.post(&at("/certificates"), json!([certificate(fields)])).await;
        assert_eq!(status, 200, "{body}");
        body[0]["id"].as_i64().expect("an id")
    }

    async fn stats(&self) -> Value {
        self.get("/sandbox/stats").await.1
    }
}

fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        // The client asks for a TLS provider even where only plain HTTP is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let bytes = response.bytes().await.expect("a body");
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

fn at(path: &str) -> String {
    format!("{COMPANY}{path}")
}

fn customer(code: &str) -> Value {
    json!({
        "companyId": 12345, "customerCode": code, "name": "Harbor Light Books", "line1": "12 Pier Road", "city": "Tacoma",
        "region": "WA", "postalCode": "98402", "country": "US", "emailAddress": "orders@harborlight.example",
    })
}

fn customer_with(code: &str, fields: Value) -> Value {
    merged(customer(code), fields)
}

/// A certificate for Washington with a filename, changed by `fields`; a null takes a field away.
fn certificate(fields: Value) -> Value {
    merged(
        json!({
            "signedDate": "2026-01-05", "expirationDate": "2099-12-31", "filename": "kept-elsewhere.pdf",
            "exposureZone": {"name": "Washington"}, "exemptionReason": {"name": "RESALE"}, "exemptionNumber": "WA-601-000-111",
        }),
        fields,
    )
}

fn merged(mut base: Value, fields: Value) -> Value {
    if let (Value::Object(base), Value::Object(fields)) = (&mut base, fields) {
        for (key, value) in fields {
            if value.is_null() {
                base.remove(&key);
            } else {
                base.insert(key, value);
            }
        }
    }
    base
}

fn pdf(pages: usize) -> Vec<u8> {
    let mut pdf = lopdf::Document::with_version("1.5");
    let tree = pdf.new_object_id();
    let kids: Vec<Object> = (0..pages)
        .map(|_| {
            let page = dictionary! { "Type" => "Page", "Parent" => tree, "MediaBox" => vec![0.into(), 0.into(), 200.into(), 300.into()] };
            pdf.add_object(page).into()
        })
        .collect();
    let count = kids.len() as i64;
    pdf.set_object(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count });
    let catalog = pdf.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    pdf.trailer.set("Root", catalog);
    let mut out = Vec::new();
    pdf.save_to(&mut out).expect("written");
    out
}

fn picture(format: image::ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image::RgbImage::from_pixel(20, 30, image::Rgb([90, 120, 150])).write_to(&mut out, format).expect("written");
    out.into_inner()
}

/// The numbers of all details of a refusal.
fn numbers(body: &Value) -> Vec<i64> {
    body["error"]["details"]
        .as_array()
        .unwrap_or_else(|| panic!("no error envelope: {body}"))
        .iter()
        .filter_map(|detail| detail["number"].as_i64())
        .collect()
}

fn refused((status, body): Answer) -> (u16, i64) {
    (status, numbers(&body)[0])
}

fn codes(body: &Value) -> Vec<String> {
    body["value"]
        .as_array()
        .unwrap_or_else(|| panic!("no list: {body}"))
        .iter()
        .filter_map(|row| row["customerCode"].as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn ping_never_refuses_and_says_who_is_calling() {
    let server = Server::with(SandboxOptions {
        user: Some(("clerk".into(), "letmein".into())),
        bearer_token: Some("token-1".into()),
        ..SandboxOptions::default()
    })
    .await;
    let ping = server.url("/api/v2/utilities/ping");
    let (status, body) = answer(server.http.get(&ping)).await;
    assert_eq!((status, &body["authenticated"], &body["authenticationType"]), (200, &json!(false), &json!("None")));
    let (status, body) = answer(server.http.get(&ping).basic_auth("2000000000", Some("wrong"))).await;
    assert_eq!((status, &body["authenticated"]), (200, &json!(false)));
    let (_, body) = server.get("/api/v2/utilities/ping").await;
    assert_eq!(body["authenticated"], true);
    assert_eq!(body["authenticationType"], "AccountIdLicenseKey");
    assert_eq!(body["authenticatedAccountId"], 2_000_000_000_i64);
    let (_, body) = answer(server.http.get(&ping).basic_auth("clerk", Some("letmein"))).await;
    assert_eq!(body["authenticationType"], "UsernamePassword");
    let (_, body) = answer(server.http.get(&ping).bearer_auth("token-1")).await;
    assert_eq!(body["authenticationType"], "OpenIdBearerToken");
}

#[tokio::test]
async fn every_other_call_needs_the_right_credentials() {
    let server = Server::new().await;
    for path in ["/api/v2/companies", "/sandbox/stats", "/api/v2/definitions/coverletters"] {
        let bare = || server.http.get(server.url(path));
        assert_eq!(refused(answer(bare()).await), (401, 34));
        assert_eq!(refused(answer(bare().header("authorization", "Basic %%%")).await), (401, 35));
        assert_eq!(refused(answer(bare().basic_auth("2000000000", Some("sandbox"))).await), (401, 30));
        assert_eq!(refused(answer(bare().bearer_auth("x")).await), (401, 37));
        assert_eq!(server.get(path).await.0, 200);
    }
    let (status, body) = answer(server.http.get(server.url("/sandbox/health"))).await;
    assert_eq!((status, &body["status"]), (200, &json!("ok")));
}

#[tokio::test]
async fn the_error_envelope_has_its_published_shape() {
    let server = Server::new().await;
    let (status, body) = server.get(&at("/customers/NOBODY")).await;
    assert_eq!(status, 404);
    let error = &body["error"];
    assert_eq!(error["code"], "EntityNotFoundError");
    for field in ["message", "target"] {
        assert!(error[field].is_string(), "{field}");
    }
    let detail = &error["details"][0];
    assert_eq!(detail["number"], 4);
    assert_eq!(detail["description"], "The Customer with customerCode 'NOBODY' was not found.");
    assert_eq!(detail["faultCode"], "Client");
    assert_eq!(detail["severity"], "Error");
    assert!(detail["helpLink"].as_str().is_some_and(|link| link.ends_with("/EntityNotFoundError")));
}

#[tokio::test]
async fn companies_can_be_found_by_code() {
    let server = Server::new().await;
    let (status, body) = server.find("/api/v2/companies", &[("$filter", "companyCode eq 'DEFAULT'")]).await;
    assert_eq!((status, &body["@recordsetCount"]), (200, &json!(1)));
    assert_eq!(body["value"][0]["id"], 12345);
    assert_eq!(body["value"][0]["accountId"], 2_000_000_000_i64);
    assert_eq!(body["value"][0]["isDefault"], true);
    let (_, body) = server.find("/api/v2/companies", &[("$filter", "companyCode eq 'OTHER'")]).await;
    assert_eq!(body["@recordsetCount"], 0);
    assert_eq!(refused(server.find("/api/v2/companies", &[("$filter", "isFein eq true")]).await), (400, 1212));
    assert_eq!(server.get(COMPANY).await.1["companyCode"], "DEFAULT");
    assert_eq!(refused(server.get("/api/v2/companies/999").await), (404, 4));
    assert_eq!(refused(server.get("/api/v2/companies/999/customers").await), (404, 4));
}

#[tokio::test]
async fn nothing_works_before_the_setup_is_done() {
    let server = Server::with(SandboxOptions { provisioned: false, provisioning_polls: 2, ..SandboxOptions::default() }).await;
    let setup = at("/certificates/setup");
    assert_eq!(server.get(&setup).await.1["status"], "NotProvisioned");
    for (method, path, body) in [
        (Method::GET, at("/customers"), None),
        (Method::POST, at("/customers"), Some(json!([customer("A")]))),
        (Method::POST, at("/certificates"), Some(json!([certificate(json!({}))]))),
        (Method::GET, at("/certexpressinvites"), None),
        (Method::POST, at("/customers/A/certexpressinvites"), Some(json!([{}]))),
    ] {
        let (status, body) = server.send(method, &path, body).await;
        assert_eq!((status, numbers(&body)), (400, vec![1205]), "{path}");
        assert_eq!(body["error"]["code"], "CertificatesNotSetup");
    }
    let (_, body) = server.send(Method::POST, &setup, None).await;
    assert_eq!(body["status"], "InProgress");
    assert_eq!(body["companyId"], 12345);
    assert_eq!(body["accountId"], 2_000_000_000_i64);
    assert_eq!(server.get(&setup).await.1["status"], "InProgress");
    assert_eq!(refused(server.get(&at("/customers")).await), (400, 1205));
    assert_eq!(server.get(&setup).await.1["status"], "InProgress");
    assert_eq!(server.get(&setup).await.1["status"], "Provisioned");
    assert_eq!(server.get(&at("/customers")).await.0, 200);
    assert_eq!(server.send(Method::POST, &setup, None).await.1["status"], "Provisioned");
    assert_eq!(server.stats().await["by_operation"]["RequestCertificateSetup"], 2);
}

#[tokio::test]
async fn the_definitions_are_complete() {
    let server = Server::new().await;
    let (_, zones) = server.get("/api/v2/definitions/certificateexposurezones").await;
    let zones = zones["value"].as_array().expect("zones").clone();
    let named = |name: &str| zones.iter().filter(|z| z["name"] == name).collect::<Vec<_>>();
    assert_eq!(named("Washington")[0]["region"], "WA");
    assert_eq!(named("Washington")[0]["companyId"], 12345);
    assert_eq!(named("District of Columbia")[0]["country"], "US");
    assert_eq!(named("Ontario")[0]["country"], "CA");
    assert_eq!(named("Jefferson County").len(), 2);
    let states: std::collections::BTreeSet<&str> =
        zones.iter().filter(|z| z["country"] == "US").filter_map(|z| z["region"].as_str()).collect();
    assert_eq!(states.len(), 52, "50 states, DC and Puerto Rico");
    let (status, body) = server.find("/api/v2/definitions/certificateexposurezones", &[("$filter", "region eq 'WA'")]).await;
    assert_eq!((status, numbers(&body)), (400, vec![1212]));

    let (_, reasons) = server.find("/api/v2/definitions/certificateexemptreasons", &[("$filter", "name eq 'RESALE'")]).await;
    assert_eq!(reasons["@recordsetCount"], 1);

    let letters = "/api/v2/definitions/coverletters";
    let (_, active) = server.find(letters, &[("$filter", "active eq true")]).await;
    assert!(active["value"].as_array().expect("letters").iter().any(|l| l["title"] == "STANDARD_REQUEST"));
    let (_, all) = server.get(letters).await;
    assert!(all["@recordsetCount"].as_i64() > active["@recordsetCount"].as_i64(), "one letter is not active");

    assert!(server.get("/api/v2/definitions/certificateattributes").await.1["@recordsetCount"].as_i64() > Some(0));
    let (_, countries) = server.find("/api/v2/definitions/countries", &[("$filter", "code eq 'US'")]).await;
    assert_eq!(countries["value"][0]["alpha3Code"], "USA");
    let (_, regions) = server.get("/api/v2/definitions/countries/US/regions").await;
    assert!(regions["value"].as_array().expect("regions").iter().all(|r| r["countryCode"] == "US"));
    let (_, all) = server.get("/api/v2/definitions/regions").await;
    assert!(all["@recordsetCount"].as_i64() > regions["@recordsetCount"].as_i64());
}

#[tokio::test]
async fn customers_are_created_and_read_back() {
    let server = Server::new().await;
    let zones = json!({"exposureZones": [{"name": "Washington"}, {"name": "Oregon"}], "customFields": [{"name": "Tier", "value": "2"}], "isBill": true});
    let (status, made) = server
        .post(&at("/customers"), json!([customer_with("C-1", zones), customer_with("c-1", json!({"country": "United States"}))]))
        .await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made[0]["exposureZones"][1]["region"], "WA");
    let (_, read) = server.get(&at("/customers/C-1")).await;
    assert_eq!(read["id"], made[0]["id"]);
    assert_eq!(read["line1"], "12 Pier Road");
    assert_eq!(read["isBill"], true);
    assert_eq!(read["customFields"][0]["value"], "2");
    assert!(read["createdDate"].as_str().is_some_and(|d| d.contains('T')));
    assert!(read.get("exposureZones").is_none(), "only when asked for");
    assert!(read.get("line2").is_none(), "what has no value is left out");
    let (_, read) = server.find(&at("/customers/C-1"), &[("$include", "shipToStates, certificates,attributes,histories")]).await;
    assert_eq!(read["exposureZones"].as_array().map(Vec::len), Some(2));
    assert_eq!(read["shipToStates"].as_array().map(Vec::len), Some(2));
    assert_eq!(read["certificates"], json!([]));
    assert_eq!(server.get(&at("/customers/c-1")).await.1["country"], "US");
    assert_eq!(refused(server.get(&at("/customers/C-1%20")).await), (404, 4));
}

#[tokio::test]
async fn one_bad_row_refuses_the_batch_and_every_bad_row_is_named() {
    let server = Server::new().await;
    server.add_customer("KNOWN").await;
    let (status, body) = server
        .post(
            &at("/customers"),
            json!([
                customer("NEW"),
                customer_with("BAD", json!({"emailAddress": "not an address"})),
                customer("KNOWN"),
                customer_with("LONG", json!({"name": "x".repeat(101), "line1": null})),
            ]),
        )
        .await;
    assert_eq!(status, 400);
    let details: Vec<(i64, &str)> = body["error"]["details"]
        .as_array()
        .expect("details")
        .iter()
        .map(|d| (d["number"].as_i64().unwrap_or_default(), d["refersTo"].as_str().unwrap_or_default()))
        .collect();
    assert_eq!(details, [(15, "[1].emailAddress"), (193, "[2].customerCode"), (13, "[3].name"), (5, "[3].line1")]);
    assert_eq!(codes(&server.get(&at("/customers")).await.1), ["KNOWN"]);
    let stats = server.stats().await;
    assert_eq!((&stats["writes"], &stats["effective_writes"]), (&json!(2), &json!(1)));
    let twice = server.post(&at("/customers"), json!([customer("T"), customer("T")])).await;
    assert_eq!(refused(twice), (400, 193));
}

#[tokio::test]
async fn each_field_of_a_customer_has_its_rule() {
    let server = Server::new().await;
    for (fields, number) in [
        (json!({"companyId": null}), 5),
        (json!({"customerCode": null}), 5),
        (json!({"customerCode": "  "}), 5),
        (json!({"customerCode": "x".repeat(51)}), 13),
        (json!({"name": null}), 5),
        (json!({"name": ""}), 5),
        (json!({"line1": null}), 5),
        (json!({"line1": "x".repeat(51)}), 13),
        (json!({"city": null}), 5),
        (json!({"postalCode": null}), 5),
        (json!({"postalCode": "98402-123456"}), 13),
        (json!({"region": null}), 5),
        (json!({"region": "Washington"}), 13),
        (json!({"region": "ZZ"}), 126),
        (json!({"country": null}), 5),
        (json!({"country": "Atlantis"}), 125),
        (json!({"isBill": true, "isShip": true}), 1220),
        (json!({"exposureZones": [{"name": "Jefferson County"}]}), 1208),
        (json!({"exposureZones": [{}]}), 1207),
        (json!({"name": 5}), 70),
    ] {
        let (status, body) = server.post(&at("/customers"), json!([customer_with("C", fields.clone())])).await;
        assert_eq!((status, numbers(&body)[0]), (400, number), "{fields} {body}");
    }
    // Where a country has no regions in its addresses, none is asked for.
    let abroad = customer_with("D", json!({"country": "DE", "region": null, "postalCode": "20095"}));
    assert_eq!(server.post(&at("/customers"), json!([abroad])).await.0, 200);
    // Numbers that look like numbers stay text.
    let zeros = customer_with("00042", json!({"postalCode": "02108", "region": "MA"}));
    assert_eq!(server.post(&at("/customers"), json!([zeros])).await.1[0]["postalCode"], "02108");
    assert_eq!(refused(server.get(&at("/customers/42")).await), (404, 4));
}

#[tokio::test]
async fn a_code_in_the_path_is_decoded_exactly_once() {
    let server = Server::new().await;
    for (code, path) in [
        ("12/34", "12%2F34"),
        ("A#1", "A%231"),
        ("50% off", "50%25%20off"),
        ("a+b", "a+b"),
        ("what?", "what%3F"),
        ("%2F", "%252F"),
        ("Käthe & Co", "K%C3%A4the%20%26%20Co"),
        ("..", "%2E%2E"),
        (" padded ", "%20padded%20"),
        ("setup", "setup"),
    ] {
        server.add_customer(code).await;
        if code == ".." {
            // A client library resolves dots before it sends; the code can still be asked for by filter.
            let (_, found) = server.find(&at("/customers"), &[("$filter", "customerCode eq '..'")]).await;
            assert_eq!(codes(&found), [".."]);
            continue;
        }
        let (status, found) = server.get(&at(&format!("/customers/{path}"))).await;
        assert_eq!((status, found["customerCode"].as_str()), (200, Some(code)));
        let (status, list) = server.get(&at(&format!("/customers/{path}/certificates"))).await;
        assert_eq!((status, &list["@recordsetCount"]), (200, &json!(0)), "{code}");
    }
    let strict =
        Server::with(SandboxOptions { quirks: Quirks { encoded_slash_refused: true, ..Quirks::default() }, ..SandboxOptions::default() })
            .await;
    strict.add_customer("12/34").await;
    assert_eq!(strict.get(&at("/customers/12%2F34")).await.0, 404);
}

#[tokio::test]
async fn an_update_replaces_the_record_and_a_delete_leaves_the_certificates() {
    let server = Server::new().await;
    server.add_customer("C").await;
    let id = server.add_certificate(json!({"customers": [{"customerCode": "C"}]})).await;
    let changed = customer_with("C", json!({"emailAddress": null, "city": "Olympia"}));
    let (status, body) = server.put(&at("/customers/C"), changed).await;
    assert_eq!((status, &body["city"]), (200, &json!("Olympia")));
    assert!(body.get("emailAddress").is_none(), "what is not sent back is lost");
    assert_eq!(server.get(&at("/customers/C/certificates")).await.1["@recordsetCount"], 1, "links stay");
    assert_eq!(refused(server.put(&at("/customers/X"), customer("X")).await), (404, 4));
    server.add_customer("D").await;
    assert_eq!(refused(server.put(&at("/customers/C"), customer("D")).await), (400, 193));
    let (status, gone) = server.delete(&at("/customers/C")).await;
    assert_eq!((status, &gone["customerCode"]), (200, &json!("C")));
    assert_eq!(refused(server.get(&at("/customers/C")).await), (404, 4));
    assert_eq!(server.get(&at(&format!("/certificates/{id}"))).await.0, 200);
}

#[tokio::test]
async fn lists_come_in_equal_pages() {
    let server = Server::new().await;
    let rows: Vec<Value> = (0..250).map(|i| customer(&format!("C{i:03}"))).collect();
    assert_eq!(server.post(&at("/customers"), Value::from(rows)).await.0, 200);
    let (mut seen, mut pages) = (Vec::new(), Vec::new());
    let mut next = Some(server.url(&at("/customers?$filter=name%20eq%20'Harbor%20Light%20Books'&$orderBy=customerCode%20DESC")));
    while let Some(url) = next {
        let request = server.http.get(url).basic_auth("2000000000", Some("SANDBOX"));
        let (status, body) = answer(request).await;
        assert_eq!((status, &body["@recordsetCount"]), (200, &json!(250)), "{body}");
        pages.push(codes(&body).len());
        seen.extend(codes(&body));
        next = body["@nextLink"].as_str().map(str::to_owned);
    }
    assert_eq!(pages, [100, 100, 50]);
    let expected: Vec<String> = (0..250).rev().map(|i| format!("C{i:03}")).collect();
    assert_eq!(seen, expected);
    let (_, last) = server.find(&at("/customers"), &[("$top", "50"), ("$skip", "200")]).await;
    assert_eq!((codes(&last).len(), last.get("@nextLink")), (50, None));
    assert!(last.get("pageKey").is_none(), "the description knows it as a text only");
    for (query, number) in [
        ([("$top", "40"), ("$skip", "50")], 1218),
        ([("$top", "0"), ("$skip", "50")], 1218),
        ([("$top", "ten"), ("$skip", "0")], 18),
        ([("$orderBy", "name,city"), ("$skip", "0")], 1219),
        ([("$orderBy", "shoeSize"), ("$skip", "0")], 17),
    ] {
        assert_eq!(refused(server.find(&at("/customers"), &query).await), (400, number));
    }
}

#[tokio::test]
async fn filters_select_and_mistakes_are_named() {
    let server = Server::new().await;
    let rows = json!([
        customer_with("A", json!({"name": "O'Hara's Deli", "city": "Tacoma"})),
        customer_with("B", json!({"city": "Olympia", "emailAddress": null})),
        customer_with("b", json!({"city": "Spokane"})),
    ]);
    assert_eq!(server.post(&at("/customers"), rows).await.0, 200);
    for (filter, expected) in [
        ("customerCode eq 'B'", vec!["B"]),
        ("customerCode in ('A', 'b', 'Z')", vec!["A", "b"]),
        ("name eq 'o''hara''s deli'", vec!["A"]),
        ("emailAddress is null", vec!["B"]),
        ("city startswith 'O' or city endswith 'KANE'", vec!["B", "b"]),
        ("(city = 'Tacoma' or city = 'Spokane') and customerCode <> 'A'", vec!["b"]),
        ("createdDate ge '2020-01-01' and createdDate < 2999-01-01", vec!["A", "B", "b"]),
    ] {
        let (status, body) = server.find(&at("/customers"), &[("$filter", filter)]).await;
        assert_eq!((status, codes(&body)), (200, expected.iter().map(|c| (*c).to_owned()).collect()), "{filter}");
    }
    assert_eq!(refused(server.find(&at("/customers"), &[("$filter", "shipTos eq 'x'")]).await), (400, 1212));
    assert_eq!(refused(server.find(&at("/customers"), &[("$filter", "shoeSize gt 9")]).await), (400, 17));
    let numbers = [("exemptionNumber eq 'x'", 1212), ("status eq 'PENDING'", 1212), ("valid eq maybe", 18), ("valid eq", 19)];
    for (filter, number) in numbers {
        assert_eq!(refused(server.find(&at("/certificates"), &[("$filter", filter)]).await), (400, number));
    }
}

#[tokio::test]
async fn a_pdf_is_stored_counted_and_given_back() {
    let server = Server::new().await;
    let file = pdf(3);
    for text in [BASE64_STANDARD.encode(&file), BASE64_URL_SAFE_NO_PAD.encode(&file)] {
        let id = server.add_certificate(json!({"filename": null, "pdf": text})).await;
        let (_, read) = server.get(&at(&format!("/certificates/{id}"))).await;
        assert_eq!(read["documentExists"], true);
        assert_eq!(read["pageCount"], 3);
        assert_eq!(read["signedDate"], "2026-01-05");
        assert_eq!(read["expirationDate"], "2099-12-31");
        assert_eq!(read["exposureZone"]["region"], "WA");
        assert_eq!(read["exemptionReason"]["name"], "RESALE");
        assert_eq!(read["exemptPercentage"], 100.0);
        assert!(read.get("pdf").is_none(), "the file itself is not part of the record");
        let attachment = at(&format!("/certificates/{id}/attachment"));
        let response = server.request(Method::GET, &attachment).send().await.expect("answer");
        assert_eq!(response.headers()["content-type"], "application/pdf");
        assert_eq!(response.bytes().await.expect("bytes"), file);
        let drawn = server.request(Method::GET, &attachment).query(&[("$type", "Jpeg"), ("$page", "2")]).send().await.expect("answer");
        assert_eq!(drawn.status(), 200);
        assert_eq!(drawn.bytes().await.expect("bytes")[..2], [0xFF, 0xD8]);
        assert_eq!(refused(server.find(&attachment, &[("$type", "Jpeg"), ("$page", "4")]).await), (404, 4));
        assert_eq!(refused(server.find(&attachment, &[("$type", "Jpeg")]).await), (400, 5));
        assert_eq!(refused(server.find(&attachment, &[("$type", "Gif")]).await), (400, 164));
    }
    let id = server.add_certificate(json!({})).await;
    let (_, read) = server.get(&at(&format!("/certificates/{id}"))).await;
    assert_eq!((&read["documentExists"], &read["pageCount"]), (&json!(false), &json!(0)));
    assert_eq!(refused(server.get(&at(&format!("/certificates/{id}/attachment"))).await), (404, 4));
}

#[tokio::test]
async fn jpg_pages_become_one_pdf() {
    let server = Server::new().await;
    let page = picture(image::ImageFormat::Jpeg);
    let pages = json!([BASE64_STANDARD.encode(&page), BASE64_STANDARD.encode(&page)]);
    let id = server.add_certificate(json!({"filename": null, "pages": pages})).await;
    let attachment = at(&format!("/certificates/{id}/attachment"));
    let bytes = server.request(Method::GET, &attachment).send().await.expect("answer").bytes().await.expect("bytes");
    assert_eq!(lopdf::Document::load_mem(&bytes).expect("a PDF").get_pages().len(), 2);
    let one = server.request(Method::GET, &attachment).query(&[("$type", "Jpeg"), ("$page", "2")]);
    assert_eq!(one.send().await.expect("answer").bytes().await.expect("bytes"), page);
    assert_eq!(server.get(&at(&format!("/certificates/{id}"))).await.1["pageCount"], 2);

    let mut with_null = certificate(json!({"filename": null, "pages": pages}));
    with_null["pdf"] = Value::Null;
    assert_eq!(server.post(&at("/certificates"), json!([with_null])).await.0, 200);
    let strict =
        Server::with(SandboxOptions { quirks: Quirks { strict_null_files: true, ..Quirks::default() }, ..SandboxOptions::default() }).await;
    let (status, body) = strict.post(&at("/certificates"), json!([with_null])).await;
    assert_eq!((status, numbers(&body)), (400, vec![1203]));
    let description = body["error"]["details"][0]["description"].as_str().expect("text");
    let inner: Value = serde_json::from_str(description.strip_suffix('.').expect("a full stop")).expect("JSON in a text");
    assert_eq!(inner["code"], "100110");
    assert_eq!(inner["error"]["pdf"][0], "The uploaded file must be a base64 encoded PDF.");
}

#[tokio::test]
async fn a_certificate_has_exactly_one_readable_document() {
    let server = Server::new().await;
    let good = BASE64_STANDARD.encode(pdf(1));
    let png = BASE64_STANDARD.encode(picture(image::ImageFormat::Png));
    let jpg = BASE64_STANDARD.encode(picture(image::ImageFormat::Jpeg));
    for (fields, number) in [
        (json!({"filename": null}), 1204),
        (json!({"filename": " "}), 1204),
        (json!({"filename": null, "pages": []}), 1204),
        (json!({"pdf": good}), 1213),
        (json!({"pages": [jpg]}), 1213),
        (json!({"filename": null, "pdf": good, "pages": [jpg]}), 1213),
        (json!({"filename": null, "pdf": ""}), 1214),
        (json!({"filename": null, "pdf": "%%%%"}), 1214),
        (json!({"filename": null, "pdf": BASE64_STANDARD.encode("just text")}), 1214),
        (json!({"filename": null, "pages": [""]}), 1214),
        (json!({"filename": null, "pdf": png}), 1203),
        (json!({"filename": null, "pdf": jpg}), 1203),
        (json!({"filename": null, "pages": [png]}), 1203),
        (json!({"filename": null, "pages": [good]}), 1203),
        (json!({"filename": null, "pdf": BASE64_STANDARD.encode("%PDF-1.7\nbroken")}), 1203),
    ] {
        let (status, body) = server.post(&at("/certificates"), json!([certificate(fields.clone())])).await;
        assert_eq!((status, numbers(&body)), (400, vec![number]), "{fields}");
    }
    // A filename beside pages that are all null is one document.
    assert_eq!(server.post(&at("/certificates"), json!([certificate(json!({"pages": [null]}))])).await.0, 200);
    assert_eq!(server.get(&at("/certificates")).await.1["@recordsetCount"], 1);
}

#[tokio::test]
async fn each_field_of_a_certificate_has_its_rule() {
    let server = Server::new().await;
    for (fields, number) in [
        (json!({"signedDate": null}), 5),
        (json!({"signedDate": "01/05/2026"}), 26),
        (json!({"expirationDate": "2026-02-30"}), 26),
        (json!({"expirationDate": "2025-12-31"}), 80),
        (json!({"exposureZone": null}), 1207),
        (json!({"exposureZone": {"id": 999999}}), 1207),
        (json!({"exposureZone": {"name": "Jefferson County"}}), 1208),
        (json!({"exposureZone": {"name": "WA"}}), 1209),
        (json!({"exemptionReason": null}), 1210),
        (json!({"exemptionReason": {"name": "Just Because"}}), 1211),
        (json!({"exemptPercentage": 101}), 6),
        (json!({"exemptionNumber": "9".repeat(51)}), 13),
        (json!({"customers": [{"name": "No code"}]}), 5),
        (json!({"signedDate": 20260105}), 70),
    ] {
        let (status, body) = server.post(&at("/certificates"), json!([certificate(fields.clone())])).await;
        assert_eq!((status, numbers(&body)[0]), (400, number), "{fields}");
    }
    let batch = json!([certificate(json!({})), certificate(json!({"signedDate": null}))]);
    let (status, body) = server.post(&at("/certificates"), batch).await;
    assert_eq!((status, &body["error"]["details"][0]["refersTo"]), (400, &json!("[1].signedDate")));
    assert_eq!(server.get(&at("/certificates")).await.1["@recordsetCount"], 0, "all or nothing");
    let id = server
        .add_certificate(json!({
            "exposureZone": {"name": "Jefferson County", "tag": "EZ_US_CO_JEFFERSON"}, "exemptionReason": {"id": 70},
            "expirationDate": null, "poNumbers": [{"poNumber": "PO-7"}],
        }))
        .await;
    let (_, read) = server.find(&at(&format!("/certificates/{id}")), &[("$include", "po_numbers,customers,attributes")]).await;
    assert_eq!(read["exposureZone"]["region"], "CO");
    assert_eq!(read["poNumbers"][0]["poNumber"], "PO-7");
    assert_eq!((&read["customers"], &read["attributes"]), (&json!([]), &json!([])));
    assert!(read.get("expirationDate").is_none());
}

#[tokio::test]
async fn the_status_words_follow_from_validation_and_the_day() {
    let server = Server::with(SandboxOptions { today: Some(jiff::civil::date(2026, 6, 1)), ..SandboxOptions::default() }).await;
    for (fields, expected) in [
        (json!({}), "Valid"),
        (json!({"expirationDate": "2026-06-01"}), "Valid"),
        (json!({"expirationDate": "2026-05-31"}), "Expired"),
        (json!({"signedDate": "2026-06-02"}), "PendingFuture"),
        (json!({"valid": false}), "Invalid"),
        (json!({"expirationDate": "9999-12-31"}), "Valid"),
    ] {
        let (_, made) = server.post(&at("/certificates"), json!([certificate(fields)])).await;
        assert_eq!(made[0]["ecmStatus"], expected, "{made}");
        assert_eq!((&made[0]["status"], &made[0]["verified"]), (&json!("PENDING"), &json!(false)));
    }
    let (_, made) = answer(
        server
            .request(Method::POST, &at("/certificates"))
            .query(&[("$preValidatedExemptionReason", "true")])
            .json(&json!([certificate(json!({}))])),
    )
    .await;
    assert_eq!((&made[0]["status"], &made[0]["verified"]), (&json!("COMPLETE"), &json!(true)));
    assert_eq!(made[0]["validatedExemptionReason"]["name"], "RESALE");
}

#[tokio::test]
async fn a_code_that_nobody_has_makes_a_ghost_customer() {
    let server = Server::new().await;
    server.add_customer("REAL").await;
    let named = json!({"customers": [{"customerCode": "REAL"}, {"customerCode": "real", "name": "Typo"}]});
    let (_, made) = server.post(&at("/certificates"), json!([certificate(named)])).await;
    assert_eq!(made[0]["customers"].as_array().map(Vec::len), Some(2));
    let (status, ghost) = server.get(&at("/customers/real")).await;
    assert_eq!((status, &ghost["name"]), (200, &json!("Typo")));
    assert!(ghost.get("line1").is_none());
    assert_eq!(server.get(&at("/customers/REAL/certificates")).await.1["@recordsetCount"], 1);
}

#[tokio::test]
async fn a_linked_certificate_exempts_in_its_state_until_it_ends() {
    let server =
        Server::with(SandboxOptions { today: Some(jiff::civil::date(2026, 6, 1)), certificate_polls: 1, ..SandboxOptions::default() })
            .await;
    server.add_customer("C/1").await;
    server.add_customer("OTHER").await;
    let id = server.add_certificate(json!({})).await;
    let washington = at("/customers/C%2F1/certificates/US/WA");
    assert_eq!(server.get(&washington).await.1["status"], "NotExempt", "not linked");
    let link = at("/customers/C%2F1/certificates/link");
    for _ in 0..2 {
        let (status, body) = server.post(&link, json!({"certificates": [id]})).await;
        assert_eq!((status, &body["@recordsetCount"], &body["value"][0]["id"]), (200, &json!(1), &json!(id)));
    }
    assert_eq!(server.get(&at("/customers/C%2F1/certificates")).await.1["@recordsetCount"], 1, "linked once");
    assert_eq!(server.get(&washington).await.1["status"], "NotExempt", "still being processed");
    let (_, exempt) = server.get(&at("/customers/C%2F1/certificates/us/wa")).await;
    assert_eq!((&exempt["status"], &exempt["certificate"]["id"]), (&json!("Exempt"), &json!(id)));
    assert_eq!(server.get(&at("/customers/C%2F1/certificates/US/OR")).await.1["status"], "NotExempt");
    assert_eq!(server.get(&at("/customers/OTHER/certificates/US/WA")).await.1["status"], "NotExempt");

    let by_certificate = at(&format!("/certificates/{id}/customers"));
    assert_eq!(codes(&server.get(&by_certificate).await.1), ["C/1"]);
    let (_, both) = server.post(&format!("{by_certificate}/link"), json!({"customers": ["OTHER", "C/1"]})).await;
    assert_eq!(codes(&both), ["OTHER", "C/1"]);
    assert_eq!(codes(&server.get(&by_certificate).await.1).len(), 2);
    server.post(&format!("{by_certificate}/unlink"), json!({"customers": ["OTHER"]})).await;
    server.post(&at("/customers/C%2F1/certificates/unlink"), json!({"certificates": [id]})).await;
    assert_eq!(codes(&server.get(&by_certificate).await.1), Vec::<String>::new());
    assert_eq!(server.get(&washington).await.1["status"], "NotExempt", "unlinked");

    for (fields, region, expected) in [
        (json!({"expirationDate": "2026-05-31"}), "WA", "NotExempt"),
        (json!({"signedDate": "2026-06-02"}), "WA", "NotExempt"),
        (json!({"valid": false}), "WA", "NotExempt"),
        (json!({"exemptionReason": {"name": "NON-EXEMPT TAXABLE CUSTOMER"}}), "WA", "NotExempt"),
        (json!({"exposureZone": {"name": "Denver"}}), "CO", "NotExempt"),
        (json!({"exposureZone": {"name": "Colorado"}}), "CO", "Exempt"),
        (json!({"expirationDate": null}), "WA", "Exempt"),
    ] {
        let mut linked = fields.clone();
        linked["customers"] = json!([{"customerCode": "OTHER"}]);
        server.add_certificate(linked).await;
        let path = at(&format!("/customers/OTHER/certificates/US/{region}"));
        server.get(&path).await;
        assert_eq!(server.get(&path).await.1["status"], expected, "{fields}");
    }
}

#[tokio::test]
async fn linking_what_does_not_exist_links_nothing() {
    let server = Server::new().await;
    server.add_customer("C").await;
    let id = server.add_certificate(json!({})).await;
    let link = at("/customers/C/certificates/link");
    assert_eq!(refused(server.post(&link, json!({"certificates": [id, 1]})).await), (404, 4));
    assert_eq!(refused(server.post(&link, json!({"certificates": []})).await), (400, 5));
    assert_eq!(refused(server.post(&at("/customers/X/certificates/link"), json!({"certificates": [id]})).await), (404, 4));
    let other = at(&format!("/certificates/{id}/customers/link"));
    assert_eq!(refused(server.post(&other, json!({"customers": ["C", "X"]})).await), (404, 4));
    assert_eq!(server.get(&at("/customers/C/certificates")).await.1["@recordsetCount"], 0);
}

fn form(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let mut body = format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"scan\"\r\n\r\n").into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--cut--\r\n");
    ("multipart/form-data; boundary=cut".to_owned(), body)
}

#[tokio::test]
async fn a_document_can_be_uploaded_later() {
    let server = Server::new().await;
    let id = server.add_certificate(json!({})).await;
    let path = at(&format!("/certificates/{id}/attachment"));
    let upload =
        async |(kind, body): (String, Vec<u8>)| answer(server.request(Method::POST, &path).header("content-type", kind).body(body)).await;
    // More than two megabytes: a framework's usual limit must not apply.
    let mut large = pdf(2);
    large.extend(std::iter::repeat_n(b'\n', 3_000_000));
    let (status, body) = upload(form("file", &large)).await;
    assert_eq!(status, 200, "{body}");
    assert!(body.is_string());
    let (_, read) = server.get(&at(&format!("/certificates/{id}"))).await;
    assert_eq!((&read["documentExists"], &read["pageCount"]), (&json!(true), &json!(2)));
    let back = server.request(Method::GET, &path).send().await.expect("answer").bytes().await.expect("bytes");
    assert_eq!(back.len(), large.len());
    for format in [image::ImageFormat::Png, image::ImageFormat::Tiff, image::ImageFormat::Jpeg] {
        assert_eq!(upload(form("file", &picture(format))).await.0, 200);
        let bytes = server.request(Method::GET, &path).send().await.expect("answer").bytes().await.expect("bytes");
        assert_eq!(lopdf::Document::load_mem(&bytes).expect("a PDF").get_pages().len(), 1);
        let page = server.request(Method::GET, &path).query(&[("$type", "Jpeg"), ("$page", "1")]);
        assert_eq!(page.send().await.expect("answer").bytes().await.expect("bytes")[..2], [0xFF, 0xD8]);
    }
    assert_eq!(refused(upload(form("other", b"x")).await), (400, 5));
    assert_eq!(refused(upload(form("file", b"")).await), (400, 1214));
    assert_eq!(refused(upload(form("file", b"plain text")).await), (400, 1214));
    assert_eq!(refused(upload(("application/json".into(), b"{}".to_vec())).await), (400, 1217));
    assert_eq!(refused(upload(("multipart/form-data".into(), b"{}".to_vec())).await), (400, 1217));
}

#[tokio::test]
async fn a_certificate_can_be_replaced_and_deleted() {
    let server = Server::new().await;
    server.add_customer("C").await;
    let named = json!({"customers": [{"customerCode": "C"}]});
    let id = server
        .add_certificate(json!({"filename": null, "pdf": BASE64_STANDARD.encode(pdf(1)), "customers": [{"customerCode": "C"}]}))
        .await;
    let path = at(&format!("/certificates/{id}"));
    let new = certificate(json!({"filename": null, "exemptionNumber": null, "exposureZone": {"name": "Oregon"}}));
    let (status, body) = server.put(&path, new).await;
    assert_eq!((status, &body["exposureZone"]["region"]), (200, &json!("OR")));
    assert!(body.get("exemptionNumber").is_none());
    assert_eq!(body["documentExists"], true, "the document stays");
    assert_eq!(refused(server.put(&path, json!({})).await).0, 400);
    let (status, body) = server.delete(&path).await;
    assert_eq!((status, &body[0]["code"], &body[0]["severity"]), (200, &json!("DeleteInformation"), &json!("Success")));
    assert_eq!(refused(server.get(&path).await), (404, 4));
    assert_eq!(refused(server.delete(&path).await), (404, 4));
    assert_eq!(server.get(&at("/customers/C/certificates")).await.1["@recordsetCount"], 0);

    let strict =
        Server::with(SandboxOptions { quirks: Quirks { delete_needs_unlink: true, ..Quirks::default() }, ..SandboxOptions::default() })
            .await;
    let id = strict.add_certificate(named).await;
    assert_eq!(refused(strict.delete(&at(&format!("/certificates/{id}"))).await), (400, 1203));
    strict.post(&at(&format!("/certificates/{id}/customers/unlink")), json!({"customers": ["C"]})).await;
    assert_eq!(strict.delete(&at(&format!("/certificates/{id}"))).await.0, 200);
}

#[tokio::test]
async fn an_invitation_becomes_ready_after_some_looks() {
    let server = Server::with(SandboxOptions { invitation_polls: 2, ..SandboxOptions::default() }).await;
    server.add_customer("C 1").await;
    let path = at("/customers/C%201/certexpressinvites");
    let (_, zones) = server.get("/api/v2/definitions/certificateexposurezones").await;
    let zone = zones["value"][0]["id"].clone();
    let (status, made) = server
        .post(
            &path,
            json!([
                {"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Download", "exposureZones": [zone], "exemptReasons": [70]},
                {"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Email", "recipient": "tax@harborlight.example"},
            ]),
        )
        .await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(made[0]["status"], "InProgress");
    let (download, email) = (&made[0]["invitation"], &made[1]["invitation"]);
    assert_eq!((&download["customerCode"], &download["exposureZones"]), (&json!("C 1"), &json!([zone])));
    assert_eq!(download["exemptReasons"], json!([70]));
    assert_eq!(download["coverLetter"]["title"], "STANDARD_REQUEST");
    assert!(download.get("requestLink").is_none() && download.get("recipient").is_none());
    let look_at = async |id: &Value| server.get(&format!("{path}/{id}")).await.1;
    for _ in 0..2 {
        let body = look_at(&download["id"]).await;
        assert!(body.get("requestLink").is_none() && body.get("status").is_none(), "{body}");
        assert!(look_at(&email["id"]).await.get("emailStatus").is_none());
    }
    let ready = look_at(&download["id"]).await;
    let link = ready["requestLink"].as_str().expect("a link");
    assert_eq!(answer(server.http.get(link)).await.0, 200);
    assert_eq!(answer(server.http.get(format!("{link}x"))).await.0, 404);
    let sent = look_at(&email["id"]).await;
    assert_eq!(sent["emailStatus"], "Sent");
    assert!(sent.get("requestLink").is_none());

    let list = at("/certexpressinvites");
    let (_, found) =
        server.find(&list, &[("$filter", "customerCode eq 'C 1' and date ge '2020-01-01' and deliveryMethod eq 'Email'")]).await;
    assert_eq!((&found["@recordsetCount"], &found["value"][0]["recipient"]), (&json!(1), &json!("tax@harborlight.example")));
    assert_eq!(refused(server.find(&list, &[("$filter", "requestLink is not null")]).await), (400, 1212));
    assert_eq!(refused(server.get(&format!("{path}/1")).await), (404, 4));
}

#[tokio::test]
async fn each_field_of_an_invitation_has_its_rule() {
    let server = Server::new().await;
    server.add_customer("C").await;
    let path = at("/customers/C/certexpressinvites");
    let base = json!({"coverLetterTitle": "STANDARD_REQUEST", "deliveryMethod": "Email", "recipient": "a@b.example"});
    for (fields, number) in [
        (json!({"deliveryMethod": null}), 5),
        (json!({"deliveryMethod": "Pigeon"}), 164),
        (json!({"recipient": null}), 16),
        (json!({"recipient": "nobody"}), 15),
        (json!({"coverLetterTitle": null}), 1215),
        (json!({"coverLetterTitle": "NO SUCH LETTER"}), 1215),
        (json!({"coverLetterTitle": "OLD_REQUEST_2015"}), 1215),
        (json!({"exposureZones": [999999]}), 1207),
        (json!({"exemptReasons": [999999]}), 1211),
        (json!({"exposureZones": [{"name": "Washington"}]}), 70),
    ] {
        let (status, body) = server.post(&path, json!([merged(base.clone(), fields.clone())])).await;
        assert_eq!((status, numbers(&body)[0]), (400, number), "{fields}");
    }
    assert_eq!(refused(server.post(&path, base.clone()).await), (400, 70), "an array is asked for");
    assert_eq!(refused(server.post(&at("/customers/X/certexpressinvites"), json!([base])).await), (404, 4));
    assert_eq!(server.get(&at("/certexpressinvites")).await.1["@recordsetCount"], 0);
    for _ in 0..2 {
        assert_eq!(server.post(&path, json!([base])).await.0, 200, "a second invitation is not stopped");
    }
    let strict = Server::with(SandboxOptions {
        quirks: Quirks { second_invitation_refused: true, ..Quirks::default() },
        ..SandboxOptions::default()
    })
    .await;
    strict.add_customer("C").await;
    assert_eq!(strict.post(&path, json!([base])).await.0, 200);
    assert_eq!(refused(strict.post(&path, json!([base])).await), (400, 1203));
}

#[tokio::test]
async fn attributes_ship_tos_and_tokens() {
    let server = Server::new().await;
    server.add_customer("PLAIN").await;
    let both = json!([customer_with("BILL", json!({"isBill": true})), customer_with("SHIP", json!({"isShip": true}))]);
    assert_eq!(server.post(&at("/customers"), both).await.0, 200);
    let link = at("/customers/billto/BILL/shipto/link");
    let (status, body) = server.post(&link, json!({"customers": ["SHIP"]})).await;
    assert_eq!((status, &body["shipTos"][0]["customerCode"]), (200, &json!("SHIP")));
    assert_eq!(refused(server.post(&link, json!({"customers": ["BILL"]})).await), (400, 1222));
    let wrong = at("/customers/billto/SHIP/shipto/link");
    assert_eq!(refused(server.post(&wrong, json!({"customers": ["PLAIN"]})).await), (400, 1221));
    let (_, ship) = server.find(&at("/customers/SHIP"), &[("$include", "billTos")]).await;
    assert_eq!(ship["billTos"][0]["customerCode"], "BILL");

    let attributes = at("/customers/PLAIN/attributes");
    let (_, body) = server.put(&format!("{attributes}/link"), json!([{"name": "GOVERNMENT"}, {"id": 41}])).await;
    assert_eq!(body["@recordsetCount"], 2);
    assert_eq!(refused(server.put(&format!("{attributes}/link"), json!([{"name": "LOCKED"}])).await), (403, 49));
    assert_eq!(refused(server.put(&format!("{attributes}/link"), json!([{"name": "NO SUCH"}])).await), (404, 4));
    server.put(&format!("{attributes}/unlink"), json!([{"id": 41}])).await;
    assert_eq!(server.get(&attributes).await.1["value"][0]["name"], "GOVERNMENT");
    let id = server.add_certificate(json!({})).await;
    let attributes = at(&format!("/certificates/{id}/attributes"));
    server.post(&format!("{attributes}/link"), json!([{"name": "DIRECT PAY"}])).await;
    assert_eq!(server.get(&attributes).await.1["@recordsetCount"], 1);
    server.post(&format!("{attributes}/unlink"), json!([{"name": "DIRECT PAY"}])).await;
    assert_eq!(server.get(&attributes).await.1["@recordsetCount"], 0);

    let tokens = at("/ecommercetokens");
    let (status, made) = server.post(&tokens, json!({"customerNumber": "PLAIN"})).await;
    assert_eq!((status, &made["clientIds"]), (200, &json!([12345])));
    let (_, again) = server.put(&tokens, json!({"token": made["token"]})).await;
    assert!(again["value"][0]["expirationDate"].as_str() >= made["expirationDate"].as_str());
    assert_eq!(refused(server.post(&tokens, json!({"customerNumber": "X"})).await), (404, 4));
    assert_eq!(refused(server.put(&tokens, json!({"token": "x"})).await), (404, 4));
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused_in_the_same_shape() {
    let server = Server::with(SandboxOptions { max_body: 10_000, ..SandboxOptions::default() }).await;
    let (status, body) = server.get("/api/v2/companies/12345/unicorns").await;
    assert_eq!((status, numbers(&body)), (404, vec![4]));
    assert!(body["error"]["details"][0]["description"].as_str().is_some_and(|d| d.contains("/unicorns")));
    let response = server.request(Method::PATCH, &at("/customers")).send().await.expect("answer");
    assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(response.headers()["allow"], "GET, POST");
    let raw = async |text: &'static str| answer(server.request(Method::POST, &at("/customers")).body(text)).await;
    assert_eq!(refused(raw("[{").await), (400, 47));
    assert_eq!(refused(raw("").await), (400, 38));
    assert_eq!(refused(raw("[]").await), (400, 38));
    assert_eq!(refused(raw("{}").await), (400, 70));
    assert_eq!(refused(raw("[7]").await), (400, 70));
    let large = json!([customer_with("C", json!({"attnName": "x".repeat(20_000)}))]);
    assert_eq!(refused(server.post(&at("/customers"), large).await), (413, 187));
    let extra = json!([customer_with("C", json!({"somethingNew": {"a": 1}, "id": "ignored"}))]);
    assert_eq!(server.post(&at("/customers"), extra).await.0, 200, "unknown and read-only fields are tolerated");
}

#[tokio::test]
async fn a_role_can_lack_the_right_to_make_certificates() {
    let user = Server::with(SandboxOptions { role: Role::CompanyUser, ..SandboxOptions::default() }).await;
    user.add_customer("C").await;
    assert_eq!(refused(user.post(&at("/certificates"), json!([certificate(json!({}))])).await), (403, 49));
    let reader = Server::with(SandboxOptions { role: Role::ReadOnly, ..SandboxOptions::default() }).await;
    assert_eq!(refused(reader.post(&at("/customers"), json!([customer("C")])).await), (403, 49));
    assert_eq!(reader.get(&at("/customers")).await.0, 200);
}

#[tokio::test]
async fn the_state_survives_a_restart_on_the_same_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = || SandboxOptions {
        data: Some(folder.path().join("sandbox.db")),
        provisioned: false,
        provisioning_polls: 0,
        ..SandboxOptions::default()
    };
    let server = Server::with(options()).await;
    server.send(Method::POST, &at("/certificates/setup"), None).await;
    server.add_customer("C").await;
    let file = pdf(2);
    let id =
        server.add_certificate(json!({"filename": null, "pdf": BASE64_STANDARD.encode(&file), "customers": [{"customerCode": "C"}]})).await;
    let (_, before) = server.get(&at("/customers/C")).await;
    let writes = server.stats().await["writes"].clone();
    assert_eq!(writes, 3);
    server.sandbox.shutdown().await;

    let server = Server::with(options()).await;
    assert_eq!(server.get(&at("/certificates/setup")).await.1["status"], "Provisioned");
    assert_eq!(server.get(&at("/customers/C")).await.1, before);
    assert_eq!(server.get(&at("/customers/C/certificates")).await.1["value"][0]["id"], id);
    let bytes = server.request(Method::GET, &at(&format!("/certificates/{id}/attachment"))).send().await.expect("answer");
    assert_eq!(bytes.bytes().await.expect("bytes"), file);
    assert_eq!(server.stats().await["writes"], writes);
    let next = server.add_certificate(json!({})).await;
    assert!(next > id, "an id is never used twice");
}

#[tokio::test]
async fn a_lost_answer_tells_nothing_about_the_effect() {
    let server = Server::with(SandboxOptions {
        faults: Faults { reset_after_write: Some(1), reset_before_write: Some(2), ..Faults::default() },
        ..SandboxOptions::default()
    })
    .await;
    let send = async |code: &str| {
        let request = server.request(Method::POST, &at("/customers")).json(&json!([customer(code)]));
        request.send().await.map(|r| r.status().as_u16())
    };
    assert!(send("AFTER").await.is_err(), "the connection is cut");
    assert!(send("BEFORE").await.is_err());
    assert_eq!(send("FINE").await.ok(), Some(200));
    assert_eq!(codes(&server.get(&at("/customers")).await.1), ["AFTER", "FINE"]);
    let stats = server.stats().await;
    assert_eq!((&stats["writes"], &stats["effective_writes"]), (&json!(3), &json!(2)));
}

#[tokio::test]
async fn overload_and_broken_replies() {
    let server = Server::new().await;
    server.sandbox.set_faults(Faults { rate_limited: 1.0, retry_after: Some(3), ..Faults::default() });
    let response = server.request(Method::GET, &at("/customers")).send().await.expect("answer");
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "3");
    let (status, set) = server.post("/sandbox/faults", json!({"rate_limited": 1.0})).await;
    assert_eq!((status, &set["retry_after"]), (200, &Value::Null));
    let response = server.request(Method::GET, &at("/customers")).send().await.expect("answer");
    assert_eq!((response.status().as_u16(), response.headers().get("retry-after")), (429, None));
    assert_eq!(refused(server.post("/sandbox/faults", json!({"unknown": 1})).await), (400, 70));
    server.post("/sandbox/faults", json!({"server_error": 1.0, "seed": 5})).await;
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(server.get(&at("/customers")).await.0);
    }
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [500, 502, 503]);
    server.post("/sandbox/faults", json!({})).await;
    assert_eq!(server.get(&at("/customers")).await.0, 200);
}

#[tokio::test]
async fn a_certificate_may_be_stored_although_an_error_was_answered() {
    let server = Server::with(SandboxOptions {
        faults: Faults { certificate_error_but_stored: Some(1), ..Faults::default() },
        ..SandboxOptions::default()
    })
    .await;
    server.add_customer("C").await;
    let body = json!([certificate(json!({"customers": [{"customerCode": "C"}]}))]);
    assert_eq!(refused(server.post(&at("/certificates"), body.clone()).await), (400, 1203));
    let (_, found) = server.find(&at("/certificates"), &[("$filter", "createdDate ge '2020-01-01'"), ("$include", "customers")]).await;
    assert_eq!((&found["@recordsetCount"], &found["value"][0]["customers"]), (&json!(1), &json!([])));
    assert_eq!(server.post(&at("/certificates"), body).await.0, 200, "only the first one fails");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_lose_nothing() {
    let server = std::sync::Arc::new(Server::new().await);
    let tasks: Vec<_> = (0..24)
        .map(|i| {
            let server = std::sync::Arc::clone(&server);
            tokio::spawn(async move {
                let code = format!("C{}", i / 2);
                server.post(&at("/customers"), json!([customer(&code)])).await.0
            })
        })
        .collect();
    let mut fine = 0;
    for task in tasks {
        match task.await.expect("a task") {
            200 => fine += 1,
            status => assert_eq!(status, 400),
        }
    }
    assert_eq!(fine, 12, "of two that want the same code one gets it");
    assert_eq!(server.get(&at("/customers")).await.1["@recordsetCount"], 12);
    assert_eq!(server.stats().await["writes"], 24);
}

#[tokio::test]
async fn a_sandbox_cannot_listen_where_another_does() {
    let server = Server::new().await;
    assert_ne!(server.sandbox.addr().port(), 0);
    let taken = start(SandboxOptions { listen: server.sandbox.addr(), ..SandboxOptions::default() }).await;
    assert!(taken.is_err());
    assert!(!format!("{:?}", SandboxOptions::default()).contains("SANDBOX"), "no credentials in a log");
}
