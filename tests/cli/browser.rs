//! A real browser, driven over WebDriver: Chromium without a window. `make test` installs it.

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a page to be read anew by a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Browser {
    driver: Child,
    pub client: Client,
    // The browser's own files; gone when it is.
    _profile: tempfile::TempDir,
}

impl Browser {
    pub async fn start() -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed: apt-get install chromium chromium-driver, or make test");
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("started successfully on port ")?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver told no port");
        let profile = tempfile::tempdir().unwrap();
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1366,768",
        ];
        let mut arguments: Vec<String> = arguments.iter().map(|a| (*a).to_owned()).collect();
        arguments.push(format!("--user-data-dir={}", profile.path().display()));
        let mut wishes = serde_json::map::Map::new();
        wishes.insert("goog:chromeOptions".to_owned(), json!({ "args": arguments }));
        let client = ClientBuilder::new(hyper_util::client::legacy::connect::HttpConnector::new())
            .capabilities(wishes)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the browser did not start");
        Self { driver, client, _profile: profile }
    }

    pub async fn script(&self, code: &str) -> Value {
        self.client.execute(code, vec![]).await.unwrap_or_else(|e| panic!("{code}: {e}"))
    }

    /// Waits until an expression is true in the page.
    pub async fn until(&self, what: &str, expression: &str) {
        let end = Instant::now() + PATIENCE;
        let code = format!("try {{ return Boolean({expression}); }} catch {{ return false; }}");
        while self.script(&code).await != Value::Bool(true) {
            if Instant::now() > end {
                let text = self.script("return document.body.innerText").await;
                panic!("{what} never came true: {expression}\n{}", text.as_str().unwrap_or_default());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn element(&self, css: &str) -> Element {
        self.client.find(Locator::Css(css)).await.unwrap_or_else(|e| panic!("{css}: {e}"))
    }

    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap_or_else(|e| panic!("{css}: {e}"));
    }

    /// Keys to whatever has the focus. What had it may be going away at this moment, such as a field of a dialog that closes; then they were not
    /// delivered, and go to what has it next.
    pub async fn keys(&self, keys: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let sent = match self.client.active_element().await {
                Ok(element) => element.send_keys(keys).await,
                Err(error) => Err(error),
            };
            match sent {
                Ok(()) => return,
                Err(error) if Instant::now() > end => panic!("{keys:?}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub async fn text(&self, css: &str) -> String {
        let code = format!("return document.querySelector({css:?})?.innerText ?? ''");
        self.script(&code).await.as_str().unwrap_or_default().to_owned()
    }

    pub async fn close(self) {
        let Self { mut driver, client, _profile } = self;
        let _ = client.close().await;
        let _ = driver.kill();
        let _ = driver.wait();
    }
}
