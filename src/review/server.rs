//! The page's server: bound to this machine, one desk behind it.

use super::door::{Door, Turned};
use super::pictures::{Album, png};
use crate::domain::{Command, CustomerCode, Edits, ReviewError};
use crate::ports::ReviewDesk;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path, Query, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Nothing but this server's own files, and pictures that the page itself fetched; no frame, no form target, nowhere to send anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src blob:; connect-src 'self'; \
base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Bytes of a request: all fields of a paper are far less.
const MOST_BODY: usize = 256 << 10;

struct Room {
    desk: Arc<dyn ReviewDesk>,
    door: Door,
    album: Album,
    stop: watch::Sender<bool>,
}

/// A review that is being served.
pub struct Served {
    address: String,
    stop: watch::Sender<bool>,
    task: JoinHandle<std::io::Result<()>>,
}

impl Served {
    /// With the token that works once.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Waits until the person finishes, or until `interrupted` ends.
    pub async fn finished(self, interrupted: impl Future<Output = ()>) {
        let mut signal = self.stop.subscribe();
        tokio::select! {
            _ = signal.wait_for(|stop| *stop) => {}
            () = interrupted => drop(self.stop.send_replace(true)),
        }
        // A browser that holds a connection open must not keep the program.
        let _ = tokio::time::timeout(std::time::Duration::from_secs(2), self.task).await;
    }
}

/// Serves the desk on `port` of this machine (0: a free one). Errors: the port is taken, or the system has no randomness.
pub async fn serve(desk: Arc<dyn ReviewDesk>, port: u16) -> std::io::Result<Served> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
    let door = Door::new(listener.local_addr()?.port()).map_err(std::io::Error::other)?;
    let address = door.address();
    let (stop, mut stopped) = watch::channel(false);
    let room = Arc::new(Room { desk, door, album: Album::default(), stop: stop.clone() });
    let inside = Router::new()
        .route("/page/{id}/{page}", get(picture))
        .route("/api/queue", get(queue))
        .route("/api/paper/{id}", get(paper))
        .route("/api/paper/{id}/customers", get(customers))
        .route("/api/paper/{id}/check", post(check))
        .route("/api/paper/{id}/act", post(act))
        .route("/api/finish", post(finish))
        .layer(from_fn_with_state(Arc::clone(&room), with_key));
    let app = Router::new()
        // The page by itself tells nothing.
        .route("/", get(|| asset("text/html; charset=utf-8", PAGE)))
        .route("/page.css", get(|| asset("text/css; charset=utf-8", STYLE)))
        .route("/page.js", get(|| asset("text/javascript; charset=utf-8", SCRIPT)))
        .route("/api/enter", post(enter))
        // Browsers ask for it unbidden.
        .route("/favicon.ico", get(|| async { StatusCode::NO_CONTENT }))
        .merge(inside)
        .fallback(|| async { told(StatusCode::NOT_FOUND, "there is nothing here") })
        .layer(DefaultBodyLimit::max(MOST_BODY))
        .layer(from_fn_with_state(Arc::clone(&room), guarded))
        .with_state(room);
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        // An error means that the handle is gone, which is a reason to stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let task = tokio::spawn(async move { server.await });
    Ok(Served { address, stop, task })
}

/// Every request passes here, and every answer gets its headers.
async fn guarded(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    let mut response = match room.door.check_origin(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(turned) => turned_away(turned),
    };
    let headers = response.headers_mut();
    let set = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in set {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

async fn with_key(State(room): State<Arc<Room>>, request: Request, next: Next) -> Response {
    match room.door.check_key(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(turned) => turned_away(turned),
    }
}

fn turned_away(turned: Turned) -> Response {
    match turned {
        Turned::Foreign => told(StatusCode::FORBIDDEN, "this request was not made by the review's own page"),
        Turned::Stranger => {
            let text = "this address works once, in one browser; stop the review in its terminal and start it again for a new one";
            (StatusCode::UNAUTHORIZED, Json(json!({ "error": text, "kind": "stranger" }))).into_response()
        }
    }
}

fn told(status: StatusCode, text: &'static str) -> Response {
    (status, [(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

async fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(CONTENT_TYPE, kind)], text).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    token: String,
}

/// The page's secret for the token of the address, once.
async fn enter(State(room): State<Arc<Room>>, Json(given): Json<Token>) -> Response {
    match room.door.redeem(&given.token) {
        Some(key) => Json(json!({ "key": key })).into_response(),
        None => turned_away(Turned::Stranger),
    }
}

/// Asks the desk on a thread that may wait: it reads files.
async fn at_desk<T: Send + 'static>(
    room: &Arc<Room>,
    ask: impl FnOnce(&dyn ReviewDesk) -> Result<T, ReviewError> + Send + 'static,
) -> Result<T, ReviewError> {
    let desk = Arc::clone(&room.desk);
    let asked = tokio::task::spawn_blocking(move || ask(&*desk)).await;
    asked.unwrap_or_else(|_| Err(ReviewError::Failed("this failed inside the program; the decisions so far are safe".to_owned())))
}

fn answered<T: Serialize>(result: Result<T, ReviewError>) -> Response {
    match result {
        Ok(value) => Json(value).into_response(),
        Err(error) => refused(&error),
    }
}

fn refused(error: &ReviewError) -> Response {
    let (status, kind, more) = match error {
        ReviewError::NoSuchPaper => (StatusCode::NOT_FOUND, "no_such_paper", Value::Null),
        ReviewError::Outdated => (StatusCode::CONFLICT, "outdated", Value::Null),
        ReviewError::Mistyped(list) => (StatusCode::UNPROCESSABLE_ENTITY, "mistyped", json!(list)),
        ReviewError::Despite(rules) => (StatusCode::UNPROCESSABLE_ENTITY, "despite", json!(rules)),
        ReviewError::Refused(_) => (StatusCode::UNPROCESSABLE_ENTITY, "refused", Value::Null),
        ReviewError::Failed(_) => (StatusCode::INTERNAL_SERVER_ERROR, "failed", Value::Null),
    };
    let mut body = json!({ "error": error.to_string(), "kind": kind });
    match error {
        ReviewError::Mistyped(_) => body["mistyped"] = more,
        ReviewError::Despite(_) => body["rules"] = more,
        _ => {}
    }
    (status, Json(body)).into_response()
}

async fn queue(State(room): State<Arc<Room>>) -> Response {
    answered(at_desk(&room, |desk| desk.queue()).await)
}

async fn paper(State(room): State<Arc<Room>>, Path(id): Path<String>) -> Response {
    answered(at_desk(&room, move |desk| desk.paper(&id)).await)
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    q: String,
}

async fn customers(State(room): State<Arc<Room>>, Path(id): Path<String>, Query(wanted): Query<Wanted>) -> Response {
    answered(at_desk(&room, move |desk| desk.search(&id, &wanted.q)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Typed {
    edits: Edits,
    customers: Vec<CustomerCode>,
}

async fn check(State(room): State<Arc<Room>>, Path(id): Path<String>, Json(typed): Json<Typed>) -> Response {
    answered(at_desk(&room, move |desk| desk.check(&id, &typed.edits, &typed.customers)).await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    revision: u64,
    command: Command,
}

async fn act(State(room): State<Arc<Room>>, Path(id): Path<String>, Json(order): Json<Order>) -> Response {
    answered(at_desk(&room, move |desk| desk.act(&id, order.revision, order.command)).await)
}

async fn finish(State(room): State<Arc<Room>>) -> Response {
    room.stop.send_replace(true);
    StatusCode::NO_CONTENT.into_response()
}

#[derive(Deserialize)]
struct Shown {
    /// The paper's revision: another one may have turned the page.
    #[serde(default)]
    r: u64,
}

async fn picture(State(room): State<Arc<Room>>, Path((id, page)): Path<(String, u32)>, Query(shown): Query<Shown>) -> Response {
    let key = format!("{id}/{page}/{}", shown.r);
    let bytes = match room.album.get(&key) {
        Some(bytes) => bytes,
        None => {
            let made = at_desk(&room, move |desk| {
                png(desk.page(&id, page)?).map(Arc::new).ok_or_else(|| ReviewError::Refused("this page can't be shown".to_owned()))
            });
            match made.await {
                Ok(bytes) => {
                    room.album.put(key, Arc::clone(&bytes));
                    bytes
                }
                Err(error) => return refused(&error),
            }
        }
    };
    ([(CONTENT_TYPE, "image/png")], Body::from(bytes.as_ref().clone())).into_response()
}
