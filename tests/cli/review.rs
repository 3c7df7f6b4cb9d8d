//! A person decides about papers: the page in a real browser, its twin on a terminal, what a resumed run makes of it, and who is kept out.

use crate::bed::{Bed, MERCHANT, Server, TODAY, sample};
use crate::browser::Browser;
use crate::wizard::{DOWN, UP, Wizard};
use fantoccini::Locator;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// One that is good, two on one file, one whose purchaser is in no list, one that is not signed.
const PAPERS: [&str; 4] = ["Resale Cert_Lone Oak_TX.pdf", "scan0015.pdf", "scan0024.pdf", "scan0019.pdf"];

/// A run over these papers; all that could be used are drawn as a check, because there are no more than three.
fn run(bed: &Bed, server: &Server) {
    let (scans, file) = (bed.scans(&PAPERS), sample("customers.xlsx"));
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let paths = ["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()];
    let ran = bed.run_at(server, &[&args[..], &paths].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    assert!(ran.out.contains("certonboard review"), "{}", ran.out);
    assert_eq!(server.certificates().len(), 0, "papers that were drawn wait for a person");
}

/// The paper on the screen is there with its scan, and no order is under way.
const READY: &str = "!document.getElementById('accept').disabled && !document.body.classList.contains('busy')";

/// `certonboard review` in a process of its own.
struct Review {
    child: Child,
    address: String,
}

impl Review {
    fn start(bed: &Bed) -> Self {
        let mut command = bed.command();
        command.args(["review", "run", "--reviewer", "Ann Lee"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(address.starts_with("http://127.0.0.1:"), "{address}");
        Self { child, address: address.trim().to_owned() }
    }

    fn base(&self) -> &str {
        self.address.split("/#").next().unwrap()
    }

    /// The page's secret for the token of the address.
    async fn enter(&self, client: &reqwest::Client) -> String {
        let token = self.address.split_once("#token=").unwrap().1;
        let post = client.post(format!("{}/api/enter", self.base())).header("origin", self.base());
        let body = serde_json::json!({ "token": token }).to_string();
        let answer = post.header("content-type", "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let value: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        value["key"].as_str().unwrap().to_owned()
    }

    fn ended(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }
}

impl Drop for Review {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn resume(bed: &Bed, server: &Server) {
    let ran = bed.run_at(server, &["resume", "run", "--non-interactive", "--yes"]);
    assert!([0, 3].contains(&ran.code), "{}", ran.err);
}

fn linked(server: &Server) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let certificates = server.certificates();
    let mut all: Vec<(String, String)> = certificates
        .iter()
        .flat_map(|c| {
            let customers = c["customers"].as_array().unwrap();
            customers.iter().map(|x| (text(&x["customerCode"]), text(&c["exemptionNumber"]))).collect::<Vec<_>>()
        })
        .collect();
    all.sort();
    all
}

fn item(file: &str, page: u32) -> String {
    let place = if page == 1 { file.to_owned() } else { format!("{file} p{page}") };
    format!("[...document.querySelectorAll('#queue button')].find(b => b.querySelector('small').textContent === {place:?})")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queue_is_worked_through_with_keys_and_mouse_and_resume_carries_it_out() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let mut review = Review::start(&bed);
    let browser = Browser::start().await;
    browser.client.goto(&review.address).await.unwrap();
    browser.until("the queue", "document.querySelectorAll('#queue button').length === 5").await;
    let url = browser.client.current_url().await.unwrap().to_string();
    assert_eq!(url.trim_end_matches('/'), review.base(), "the token is gone from the address");
    assert!(browser.text("#progress").await.starts_with("0 of 5 papers decided · Ann Lee"));
    browser.until("the picture", "document.getElementById('picture').naturalWidth > 500").await;

    // With the mouse: a paper, a box on its scan, the field beside it, and back.
    let lone_oak = item("Resale Cert_Lone Oak_TX.pdf", 1);
    browser.script(&format!("{lone_oak}.click()")).await;
    browser.until("the paper", "document.querySelector('#head h2').textContent.startsWith('Resale Cert_Lone Oak')").await;
    browser.until("its scan", READY).await;
    browser.until("its boxes", "document.querySelectorAll('#boxes button').length > 5").await;
    browser.until("its scan", READY).await;
    browser.click("#boxes button[data-key=purchaser_name]").await;
    browser.until("the field has the focus", "document.activeElement.id === 'field-purchaser_name'").await;
    browser.until("its box is marked", "document.querySelector('#boxes button[data-key=purchaser_name]').classList.contains('on')").await;
    browser.click("#field-purchaser_city").await;
    browser.until("the other box is marked", "document.querySelector('#boxes button.on').dataset.key === 'purchaser_city'").await;

    // A correction is told at once, and a wrong one is refused.
    let date = browser.element("#field-signed_date").await;
    date.clear().await.unwrap();
    date.send_keys("yesterday").await.unwrap();
    browser.until("the date is refused", "document.querySelector('[data-wrong=signed_date]').textContent.includes('is no date')").await;
    date.clear().await.unwrap();
    date.send_keys("12/24/2026").await.unwrap();
    browser
        .until("its rule", "[...document.querySelectorAll('#findings summary')].some(s => s.textContent.includes('is after 2026-11-20'))")
        .await;
    date.clear().await.unwrap();
    date.send_keys("2026-04-02").await.unwrap();
    browser
        .until("the rule passes", "![...document.querySelectorAll('#findings summary')].some(s => s.textContent.includes('is after'))")
        .await;

    // With keys alone from here: Esc leaves the field, and the customer that the program is sure of is chosen already.
    browser.keys("\u{e00c}").await;
    browser.until("the customer is chosen", "document.querySelector('#candidates input').checked").await;
    browser.keys("a").await;
    browser.until("it is accepted", "document.getElementById('progress').textContent.startsWith('1 of 5')").await;

    // What was decided is still so after a reload.
    browser.client.refresh().await.unwrap();
    browser.until("the queue again", "document.querySelectorAll('#queue button').length === 4").await;
    browser.click("[data-filter=decided]").await;
    browser.until("the decided one", "document.querySelector('#head .ruled')?.textContent.includes('Ann Lee')").await;
    let ruled = browser.text("#head .ruled").await;
    assert!(ruled.contains("Accepted for C1033") && ruled.contains("Signed on: 2026-04-02 instead of"), "{ruled}");
    browser.click("[data-filter=open]").await;

    // Nobody in the list: nothing is chosen, so accepting is refused; searching finds another; then it is rejected with a reason.
    browser.until("the open ones", "document.querySelectorAll('#queue button').length === 4").await;
    browser.script(&format!("{}.click()", item("scan0024.pdf", 1))).await;
    browser.until("the paper", "document.querySelector('#head h2').textContent === 'scan0024.pdf'").await;
    browser.until("its scan", READY).await;
    browser.keys("a").await;
    browser.until("it is refused", "document.getElementById('toast').textContent.includes('Choose the customer first')").await;
    browser.keys("/").await;
    browser.keys("lone oak").await;
    browser.until("a customer is found", "document.querySelector('#found code')?.textContent === 'C1033'").await;
    browser.keys("\u{e00c}").await;
    browser.keys("r").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.keys("not our customer\u{e007}").await;
    browser.until("it is rejected", "document.getElementById('progress').textContent.startsWith('2 of 5')").await;

    // Undo, and once more.
    browser.keys("u").await;
    browser.until("it is open again", "document.getElementById('progress').textContent.startsWith('1 of 5')").await;
    browser.until("the paper", "document.querySelector('#head h2').textContent === 'scan0024.pdf'").await;
    browser.until("its scan", READY).await;
    browser.keys("r").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.keys("not our customer\u{e007}").await;
    browser.until("it is rejected", "document.getElementById('progress').textContent.startsWith('2 of 5')").await;

    // One that the rules would reject needs a second yes; here it gets a no.
    browser.script(&format!("{}.click()", item("scan0019.pdf", 1))).await;
    browser.until("the paper", "document.querySelector('#head h2').textContent === 'scan0019.pdf'").await;
    browser.until("its scan", READY).await;
    browser.until("its customers", "document.querySelectorAll('#candidates input').length > 0").await;
    browser.script("const box = document.querySelector('#candidates input'); if (!box.checked) box.click()").await;
    browser.keys("a").await;
    browser
        .until(
            "the warning",
            "document.getElementById('ask').open && document.querySelector('#ask h2').textContent.includes('would reject')",
        )
        .await;
    browser.click("#ask button[value=no]").await;
    browser.until("nothing was decided", "document.getElementById('progress').textContent.startsWith('2 of 5')").await;
    browser.keys("n").await;
    browser.until("it is skipped", "document.querySelector('#queue .tag.later') !== null").await;

    // Keys that come faster than the next paper decide nothing about the one that is left.
    browser.until("another paper is there", "!document.getElementById('accept').disabled").await;
    let fast = "for (const key of ['j', 'a', 'j', 'a']) document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }))";
    browser.script(fast).await;
    browser.script("document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'a', bubbles: true, repeat: true }))").await;
    browser.until("the paper is there", "!document.getElementById('accept').disabled").await;
    assert!(browser.text("#progress").await.starts_with("2 of 5"), "{}", browser.text("#progress").await);

    // Two windows on the same paper: the second decision is told what happened.
    let second_page = item("scan0015.pdf", 2);
    browser.script(&format!("{second_page}.click()")).await;
    browser.until("the paper", "document.querySelector('#head').textContent.includes('page 2')").await;
    browser.until("its scan", READY).await;
    let first = browser.client.window().await.unwrap();
    browser.until("its scan", READY).await;
    let other = browser.client.new_window(true).await.unwrap();
    browser.client.switch_to_window(other.handle).await.unwrap();
    browser.client.goto(review.base()).await.unwrap();
    browser.until("the queue", "document.querySelectorAll('#queue button').length === 3").await;
    browser.script(&format!("{second_page}.click()")).await;
    browser.until("the paper", "document.querySelector('#head').textContent.includes('page 2')").await;
    browser.until("its scan", READY).await;
    browser.script("const box = document.querySelector('#candidates input'); if (!box.checked) box.click()").await;
    browser.keys("a").await;
    browser.until("it is accepted", "document.getElementById('progress').textContent.startsWith('3 of 5')").await;
    browser.client.switch_to_window(first).await.unwrap();
    browser.keys("r").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.keys("a second opinion\u{e007}").await;
    browser.until("it is told", "document.getElementById('toast').textContent.includes('in the meantime')").await;
    browser.until("the list is new", "document.getElementById('progress').textContent.startsWith('3 of 5')").await;

    // The first page of that file for two customers: the same company under two codes is a person's word.
    browser.script(&format!("{}.click()", item("scan0015.pdf", 1))).await;
    browser.until("the paper", "document.querySelector('#head').textContent.includes('page 1')").await;
    browser.until("its scan", READY).await;
    browser.script("const box = document.querySelector('#candidates input'); if (!box.checked) box.click()").await;
    browser.keys("/").await;
    browser.keys("C1003").await;
    browser.until("the other customer", "document.querySelector('#found code')?.textContent === 'C1003'").await;
    browser.click("#found input").await;
    browser.until("both are chosen", "document.querySelectorAll('#candidates input:checked').length === 2").await;
    browser.keys("a").await;
    browser.until("it is accepted", "document.getElementById('progress').textContent.startsWith('4 of 5')").await;

    browser.click("#finish").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.click("#ask button[value=yes]").await;
    browser.until("it is closed", "document.body.textContent.includes('The review is closed')").await;
    assert_eq!(review.ended(), 3, "one paper is still open");
    browser.close().await;
    assert_eq!(server.certificates().len(), 0, "a review writes nothing");

    resume(&bed, &server);
    let have = linked(&server);
    let wanted = [("B/2041", "32071190465"), ("C1003", "32071190465"), ("C1033", "17442960381"), ("C1036", "101-839204")];
    assert_eq!(have, wanted.map(|(code, number)| (code.to_owned(), number.to_owned())));
    assert_eq!(server.certificates().len(), 3, "one certificate serves two customers");
    let corrected = server.certificates().into_iter().find(|c| c["exemptionNumber"] == "17442960381").unwrap();
    assert!(corrected["signedDate"].as_str().unwrap().starts_with("2026-04-02"), "{corrected}");

    // It is done once, and an auditor can follow it.
    let writes = server.writes();
    resume(&bed, &server);
    assert_eq!(server.writes(), writes);
    let told = bed.run(&["explain", "run", "Resale Cert_Lone Oak_TX.pdf"]);
    assert!(told.out.contains("accepted by a person") && told.out.contains("Ann Lee"), "{}", told.out);
    let report = std::fs::read_to_string(bed.path("run/report.html")).unwrap();
    assert!(report.contains("3 papers were drawn as a check; a person has looked at 3 and changed 2"), "the report tells of the check");
}

/// A PDF with a text layer: for each page, words with their places in points from the lower left.
fn text_pdf(pages: &[&[(i32, i32, &str)]]) -> Vec<u8> {
    use lopdf::{Document, Object, Stream, dictionary};
    let mut document = Document::with_version("1.5");
    let tree = document.new_object_id();
    let font = document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica" });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut kids: Vec<Object> = Vec::new();
    for page in pages {
        let text: String = page.iter().map(|(x, y, words)| format!("BT /F1 11 Tf {x} {y} Td ({words}) Tj ET\n")).collect();
        let content = document.add_object(Stream::new(dictionary! {}, text.into_bytes()));
        let media: Vec<Object> = [0, 0, 612, 792].map(Object::from).to_vec();
        let page = dictionary! { "Type" => "Page", "Parent" => tree, "Contents" => content, "Resources" => resources, "MediaBox" => media };
        kids.push(document.add_object(page).into());
    }
    let count = kids.len() as i64;
    document.objects.insert(tree, dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }.into());
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => tree });
    document.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

/// A paper of two pages: the second one holds the signature alone.
const FIRST: &[(i32, i32, &str)] = &[
    (150, 740, "Texas Sales and Use Tax Resale Certificate"),
    (60, 700, "Name of purchaser: Lone Oak Feed & Ranch Supply"),
    (60, 680, "Address: 7710 Caliche Road"),
    (60, 660, "City, State, ZIP code: Waco, TX 76705"),
    (60, 640, "Texas Sales and Use Tax Permit Number: 17442960381"),
    (60, 600, "Seller: Blue Heron Supply Co."),
    (60, 560, "I claim the right to make a non-taxable purchase for resale of the taxable items."),
];
const SECOND: &[(i32, i32, &str)] = &[(60, 700, "Purchaser signature: J. Doe   Title: Owner   Date: 03/02/2026")];

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_split_joined_and_turned() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let scans = bed.path("scans");
    std::fs::create_dir_all(&scans).unwrap();
    std::fs::write(scans.join("two pages.pdf"), text_pdf(&[FIRST, SECOND])).unwrap();
    let file = sample("customers.xlsx");
    let no_check = bed.no_check();
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run", "--answers", &no_check];
    let ran =
        bed.run_at(&server, &[&args[..], &["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    let papers = || -> Vec<(Value, String)> {
        let told: Value = serde_json::from_str(&bed.run(&["explain", "run", "--format", "json"]).out).unwrap();
        let all = told["documents"].as_array().unwrap().iter();
        all.map(|d| (d["pages"].clone(), format!("{} {}", d["disposition"], d["reasons"]))).collect()
    };
    let pages = |list: &[(Value, String)]| list.iter().map(|(pages, _)| pages.to_string()).collect::<Vec<_>>();
    assert_eq!(pages(&papers()), ["[1,2]"], "{:?}", papers());

    let review = Review::start(&bed);
    let browser = Browser::start().await;
    browser.client.goto(&review.address).await.unwrap();
    let idle = READY;
    browser.until("the queue", "document.querySelectorAll('#queue button').length === 1").await;
    browser.until("the picture", idle).await;
    let shape = "document.getElementById('picture').naturalWidth / document.getElementById('picture').naturalHeight";
    assert!(browser.script(&format!("return {shape}")).await.as_f64().unwrap() < 1.0);
    for turned in ["> 1", "< 1", "> 1", "< 1"] {
        browser.keys("t").await;
        browser.until("the page is turned", &format!("{idle} && {shape} {turned}")).await;
    }
    browser.until("its values are back", "document.getElementById('field-purchaser_name').value.startsWith('Lone Oak')").await;

    browser.keys("]").await;
    browser.until("the next page", &format!("document.getElementById('page-number').textContent === 'Page 2 of 2' && {idle}")).await;
    browser.keys("s").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.click("#ask button[value=yes]").await;
    browser.until("two papers", "document.querySelectorAll('#queue button').length === 2").await;
    browser.until("it is ready", idle).await;
    browser.keys("u").await;
    browser.until("one paper again", "document.querySelectorAll('#queue button').length === 1").await;
    browser.until("it is ready", idle).await;
    browser.keys("]").await;
    browser.until("the next page", &format!("document.getElementById('page-number').textContent === 'Page 2 of 2' && {idle}")).await;
    browser.keys("s").await;
    browser.until("the question", "document.getElementById('ask').open").await;
    browser.click("#ask button[value=yes]").await;
    browser.until("two papers", "document.querySelectorAll('#queue button').length === 2").await;
    browser.close().await;
    drop(review);

    // It outlives the process, and a resumed run decides neither part by itself.
    assert_eq!(pages(&papers()), ["[1,1]", "[2,2]"]);
    resume(&bed, &server);
    assert_eq!(pages(&papers()), ["[1,1]", "[2,2]"]);
    assert!(papers().iter().all(|(_, told)| told.contains("\"review\"") || told.contains("\"reject\"")), "{:?}", papers());
    assert_eq!(server.certificates().len(), 0);
}

/// Everybody but the browser that was given the address is kept out.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_other_sites_are_kept_out() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    run(&bed, &server);
    let review = Review::start(&bed);
    let base = review.base().to_owned();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();

    // The page by itself tells nothing; everything else needs its secret.
    let bare = client.get(&base).send().await.unwrap();
    let policy = bare.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(bare.headers()["x-content-type-options"], "nosniff");
    let text = bare.text().await.unwrap();
    assert!(!text.contains(MERCHANT) && !text.contains("Lone Oak"), "{text}");
    for path in ["/api/queue", "/page/0/1", "/api/paper/0"] {
        assert_eq!(client.get(format!("{base}{path}")).send().await.unwrap().status(), 401, "{path}");
    }
    let enter = |token: &str, origin: &str| {
        let body = serde_json::json!({ "token": token }).to_string();
        client.post(format!("{base}/api/enter")).header("origin", origin.to_owned()).header("content-type", "application/json").body(body)
    };
    let token = review.address.split_once("#token=").unwrap().1.to_owned();
    assert_eq!(enter(&token, "http://evil.example").send().await.unwrap().status(), 403);
    assert_eq!(enter(&token, &base).header("host", "evil.example").send().await.unwrap().status(), 403);
    assert_eq!(enter("guessed", &base).send().await.unwrap().status(), 401);
    let key = review.enter(&client).await;
    assert_eq!(enter(&token, &base).send().await.unwrap().status(), 401, "the address works once");

    let get = |path: &str| client.get(format!("{base}{path}")).header("x-certonboard-key", &key);
    let queue: Value = serde_json::from_str(&get("/api/queue").send().await.unwrap().text().await.unwrap()).unwrap();
    let id = queue["items"][0]["id"].as_str().unwrap().to_owned();
    let page = queue["items"][0]["pages"][0].as_u64().unwrap();
    let picture = get(&format!("/page/{id}/{page}")).send().await.unwrap();
    assert_eq!(picture.headers()["content-type"], "image/png");
    assert!(picture.bytes().await.unwrap().starts_with(b"\x89PNG"));

    let act = format!("{base}/api/paper/{id}/act");
    let body = r#"{"revision":0,"command":{"do":"later"}}"#;
    let post = || client.post(&act).header("content-type", "application/json").body(body);
    assert_eq!(post().header("origin", &base).send().await.unwrap().status(), 401, "no secret");
    assert_eq!(post().header("x-certonboard-key", &key).send().await.unwrap().status(), 403, "no origin");
    assert_eq!(post().header("origin", "http://evil.example").header("x-certonboard-key", &key).send().await.unwrap().status(), 403);
    assert_eq!(get(&format!("/api/paper/{id}/act")).send().await.unwrap().status(), 405, "nothing changes by GET");
    let ours = || client.post(&act).header("origin", &base).header("x-certonboard-key", &key);
    let plain = ours().header("content-type", "text/plain").body(body).send().await.unwrap();
    assert_eq!(plain.status(), 415);
    let huge = ours().header("content-type", "application/json").body("x".repeat(300_000)).send().await.unwrap();
    assert_eq!(huge.status(), 413);
    let wrong = ours().header("content-type", "application/json").body(r#"{"revision":9,"command":{"do":"later"}}"#).send().await.unwrap();
    assert_eq!(wrong.status(), 409);
    let good = ours().header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(good.status(), 200);

    // Only loopback listens: 127.0.0.1 as the kernel's table writes it.
    #[cfg(target_os = "linux")]
    {
        let port: u16 = base.rsplit(':').next().unwrap().parse().unwrap();
        let wanted = format!(":{port:04X}");
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap_or_default());
        let local = |line: &str| line.split_whitespace().nth(1).map(str::to_owned);
        // 0A: listening.
        let listening = tables.iter().flat_map(|t| t.lines()).filter(|l| l.split_whitespace().nth(3) == Some("0A"));
        let mine: Vec<String> = listening.filter_map(local).filter(|address| address.ends_with(&wanted)).collect();
        assert_eq!(mine, [format!("0100007F{wanted}")]);
    }
}

/// What makes no sense for a paper is refused with a reason, and changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn orders_that_make_no_sense_are_refused() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let (scans, list) = (bed.scans(&["Resale Cert_Lone Oak_TX.pdf"]), sample("customers.xlsx"));
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let paths = ["--customers", list.to_str().unwrap(), "--certificates", scans.to_str().unwrap()];
    assert_eq!(bed.run_at(&server, &[&args[..], &paths].concat()).code, 3);
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    for applied in [false, true] {
        let review = Review::start(&bed);
        let base = review.base().to_owned();
        let key = review.enter(&client).await;
        let get = async |path: &str| -> Value {
            let answer = client.get(format!("{base}{path}")).header("x-certonboard-key", &key).send().await.unwrap();
            serde_json::from_str(&answer.text().await.unwrap()).unwrap()
        };
        let queue = get("/api/queue").await;
        let id = queue["items"][0]["id"].as_str().unwrap().to_owned();
        let revision = get(&format!("/api/paper/{id}")).await["revision"].as_u64().unwrap();
        let act = async |id: &str, command: Value| -> (u16, String) {
            let body = serde_json::json!({ "revision": revision, "command": command }).to_string();
            let post = client.post(format!("{base}/api/paper/{id}/act")).header("x-certonboard-key", &key).header("origin", &base);
            let answer = post.header("content-type", "application/json").body(body).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let accept = |codes: &[&str], edits: Value| serde_json::json!({ "do": "accept", "customers": codes, "edits": edits });
        if applied {
            let (status, why) = act(&id, accept(&["C1021"], serde_json::json!({}))).await;
            assert!(status == 422 && why.contains("made already"), "{status} {why}");
            continue;
        }
        let none = serde_json::json!({});
        let no_date = serde_json::json!({ "fields": { "signed_date": "" } });
        let no_state = serde_json::json!({ "states": [] });
        let refused = [
            (accept(&[], none.clone()), "choose the customer"),
            (accept(&["nobody"], none.clone()), "has no nobody"),
            (accept(&["C1033", "C1033"], none.clone()), "chosen twice"),
            (accept(&["C1033"], no_date), "requires the day of signing"),
            (accept(&["C1033"], no_state), "no state is claimed"),
            (serde_json::json!({ "do": "reject", "why": "  " }), "say why"),
            (serde_json::json!({ "do": "split", "page": 1 }), "one page"),
            (serde_json::json!({ "do": "turn", "page": 2 }), "none of this paper's pages"),
        ];
        for (command, expected) in refused {
            let (status, why) = act(&id, command.clone()).await;
            assert!(status == 422 && why.contains(expected), "{command}: {status} {why}");
        }
        assert_eq!(act("0123456789ab", serde_json::json!({ "do": "later" })).await.0, 404);
        assert_eq!(get(&format!("/api/paper/{id}")).await["revision"], revision, "nothing was decided");
        assert_eq!(act(&id, accept(&["C1033"], none)).await.0, 200);
        drop(review);
        // The yes that the run began with was said to another plan.
        let unasked = bed.run_at(&server, &["resume", "run", "--non-interactive"]);
        assert_eq!(unasked.code, 1, "{}", unasked.err);
        assert!(unasked.error_line().contains("create.confirm"), "{}", unasked.err);
        assert_eq!(server.certificates().len(), 0);
        let mut declined = Wizard::start(&bed, &server, &["resume", "run"]);
        declined.see("its customer?").keys("n").see("Declined: nothing was sent");
        declined.end(4);
        assert_eq!(server.certificates().len(), 0);
        resume(&bed, &server);
        assert_eq!(linked(&server), [("C1033".to_owned(), "17442960381".to_owned())]);
    }
}

/// Text from a scan or a list is text, whatever it looks like.
#[tokio::test(flavor = "multi_thread")]
async fn markup_in_names_stays_text() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let bad = "<img src=x onerror=\"document.title='owned'\">";
    let scans = bed.scans(&["Resale Cert_Lone Oak_TX.pdf"]);
    let named = scans.join(format!("{bad}.pdf").replace('/', "_"));
    std::fs::rename(scans.join("Resale Cert_Lone Oak_TX.pdf"), &named).unwrap();
    let list = bed.write(
        "customers.csv",
        &format!(
            "Customer ID,Name,Address,City,State,ZIP,Tax Exempt\nC1,\"{0}\",1 Main St,Austin,TX,78701,Y\nC1033,Lone Oak Feed & Ranch Supply,\"{0}\",Waco,TX,76701,Y\n",
            bad.replace('"', "\"\"")
        ),
    );
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let ran =
        bed.run_at(&server, &[&args[..], &["--customers", list.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);
    let review = Review::start(&bed);
    let browser = Browser::start().await;
    browser.client.goto(&review.address).await.unwrap();
    browser.until("the queue", "document.querySelectorAll('#queue button').length === 1").await;
    // Keys do nothing before the paper is there.
    browser.until("the paper", "document.querySelector('img')?.naturalWidth > 0").await;
    browser.keys("/").await;
    browser.keys("austin").await;
    browser.until("the customer with the odd name", "document.querySelector('#found b')?.textContent.includes('onerror')").await;
    assert_eq!(browser.script("return document.querySelectorAll('img').length").await, 1, "the scan's picture is the only one");
    assert_ne!(browser.client.title().await.unwrap(), "owned");
    assert!(browser.client.find(Locator::Css("#queue small")).await.unwrap().text().await.unwrap().contains("onerror"));
    browser.close().await;
    drop(review);
}

/// The same desk, asked one question after the other.
#[test]
fn a_queue_is_worked_through_on_a_terminal() {
    let bed = Bed::new();
    let server = bed.server(&[]);
    let (scans, file) = (bed.scans(&["Resale Cert_Lone Oak_TX.pdf", "scan0024.pdf"]), sample("customers.xlsx"));
    let args = ["run", "--non-interactive", "--yes", "--today", TODAY, "--merchant", MERCHANT, "--run-dir", "run"];
    let ran =
        bed.run_at(&server, &[&args[..], &["--customers", file.to_str().unwrap(), "--certificates", scans.to_str().unwrap()]].concat());
    assert_eq!(ran.code, 3, "{}", ran.err);

    let mut review = Wizard::start(&bed, &server, &["review", "run", "--terminal"]);
    review.see("0 of 2 papers decided").see("Lone Oak Feed & Ranch Supply").see("drawn by chance").see("Customers it may belong to");
    // Enter alone only skips; a value is corrected, then it is accepted for the first customer.
    review.see("What about this paper?").see("Skip for now").see("Accept for C1033");
    // From the end of the list: stop, turn, look, reject, correct.
    review.keys(&UP.repeat(5)).keys("\r");
    review.see("Which value is wrong?").see("Signed on");
    review.keys(&DOWN.repeat(7)).keys("\r");
    review.see("Signed on (- for nothing)").keys("\u{15}").keys("someday\r").see("is no date");
    review.see("What about this paper?").keys(&UP.repeat(5)).keys("\r");
    review.see("Which value is wrong?").keys(&DOWN.repeat(7)).keys("\r");
    review.see("Signed on (- for nothing)").keys("\u{15}").keys("4/2/2026\r");
    review.see("What about this paper?").keys(DOWN).keys("\r");
    review.see("1 of 2 papers decided").see("scan0024.pdf");
    // From the end of the list: stop, take back, turn, look, reject.
    review.see("What about this paper?").keys(&UP.repeat(4)).keys("\r").see("Page 1: ").see(".png");
    review.see("What about this paper?").keys(&UP.repeat(5)).keys("\r");
    review.see("Why is it not to be used?").keys("\u{15}").keys("not our customer\r");
    review.see("Everything is decided");
    let rest = review.end(0);
    assert!(rest.contains("certonboard resume"), "{rest}");

    resume(&bed, &server);
    assert_eq!(linked(&server), [("C1033".to_owned(), "17442960381".to_owned())]);
    assert!(server.certificates()[0]["signedDate"].as_str().unwrap().starts_with("2026-04-02"));
}
