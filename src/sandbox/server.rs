//! The HTTP server: listening, reading a request, the order of checks, and answering.
//!
//! Owns: the one way every call takes (route, sign-in, count, role, faults, handler, faults, answer).
//! Must not touch: the rules of any resource. Nothing is logged: requests hold credentials and personal data.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::auth;
use super::certcapture;
use super::errors::{ApiError, Code};
use super::faults::{FaultPlan, Faults, OnTheWay, Strike};
use super::options::{Role, SandboxOptions};
use super::paging::Query;
use super::routes::{self, Access, Operation};
use super::store::Store;
use super::tokens;
use super::wire::{Call, Context, Params, Reply};

const CORRELATION: HeaderName = HeaderName::from_static("x-correlation-id");

/// Why a sandbox could not be started.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot open the sandbox's data: {0}")]
    Store(String),
}

/// A running sandbox. It stops when this is dropped.
#[derive(Debug)]
pub struct Sandbox {
    address: SocketAddr,
    context: Arc<Context>,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Sandbox {
    /// The address it listens on; the port is never 0.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes as the service's address, e.g. `http://127.0.0.1:4711`.
    pub fn base_url(&self) -> String {
        self.context.base_url.clone()
    }

    /// Replaces the faults while it runs; all counts start again.
    pub fn set_faults(&self, faults: Faults) {
        self.context.faults.set(faults);
    }

    /// Finishes the calls in flight, then stops.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            // A client that never finishes its request must not keep us here.
            let _ = tokio::time::timeout(Duration::from_secs(5), task).await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

/// Opens the data, binds the listener and serves in the background. When this returns, connections are accepted.
pub async fn start(options: SandboxOptions) -> Result<Sandbox, SandboxError> {
    let store = Store::open(&options).map_err(|error| SandboxError::Store(error.to_string()))?;
    let listen = |source| SandboxError::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let context = Arc::new(Context { base_url: base_url(address), faults: FaultPlan::new(options.faults.clone()), store, options });
    let (stop, stopped) = watch::channel(false);
    let service = Router::new().fallback(answer).with_state(Arc::clone(&context)).into_make_service_with_connect_info::<Peer>();
    let mut signal = stopped.clone();
    let server = axum::serve(Door { listener }, service).with_graceful_shutdown(async move {
        // An error means that the handle is gone, which is a reason to stop as well.
        let _ = signal.wait_for(|stop| *stop).await;
    });
    let task = tokio::spawn(async move { server.await });
    Ok(Sandbox { address, context, stop, task: Some(task) })
}

/// A server that listens everywhere is reached from here by loopback.
fn base_url(address: SocketAddr) -> String {
    let mut reachable = address;
    if address.ip().is_unspecified() {
        reachable.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{reachable}")
}

/// The listener; its connections can be cut from inside a call.
struct Door {
    listener: TcpListener,
}

impl Listener for Door {
    type Io = Wire;
    type Addr = Peer;

    async fn accept(&mut self) -> (Wire, Peer) {
        // The listener's own accept knows which errors pass by themselves.
        let (stream, _) = Listener::accept(&mut self.listener).await;
        // Small answers to small questions: waiting to fill a packet only costs time.
        let _ = stream.set_nodelay(true);
        let cut = Arc::new(AtomicBool::new(false));
        let wire = Wire { stream, cut: Arc::clone(&cut) };
        (wire, Peer { cut })
    }

    fn local_addr(&self) -> io::Result<Peer> {
        Ok(Peer::default())
    }
}

/// What a call knows of its connection: how to cut it.
#[derive(Debug, Clone, Default)]
struct Peer {
    cut: Arc<AtomicBool>,
}

impl Connected<IncomingStream<'_, Door>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A TCP stream that fails once it is cut, so that nothing of the answer gets out.
struct Wire {
    stream: TcpStream,
    cut: Arc<AtomicBool>,
}

impl Wire {
    fn severed(&self) -> Option<io::Error> {
        self.cut.load(Ordering::SeqCst).then(|| {
            // With no linger the peer sees a reset, not an orderly end.
            let _ = self.stream.set_zero_linger();
            io::ErrorKind::ConnectionReset.into()
        })
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.severed() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.severed() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_write(cx, buf),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.severed() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        match self.severed() {
            Some(error) => Poll::Ready(Err(error)),
            None => Pin::new(&mut self.stream).poll_shutdown(cx),
        }
    }
}

/// How a call ends.
enum Ending {
    Reply(Reply),
    Refused(ApiError),
    /// An answer that is not the service's: a gateway's page, with its own headers.
    Raw(Box<Response>),
    Cut,
}

impl From<ApiError> for Ending {
    fn from(error: ApiError) -> Self {
        Ending::Refused(error)
    }
}

fn is_certcapture(raw_path: &str) -> bool {
    raw_path.starts_with("/v2/")
}

fn manner(headers: &HeaderMap) -> certcapture::Manner {
    let text = |name: &'static str| header(headers, HeaderName::from_static(name));
    certcapture::Manner {
        guide: text("x-client-id").is_some(),
        by_number: text("x-customer-primary-key").as_deref() == Some("customer_number"),
        customer_number: text("x-customer-number"),
    }
}

async fn answer(State(context): State<Arc<Context>>, ConnectInfo(peer): ConnectInfo<Peer>, request: Request) -> Response {
    let guide = is_certcapture(request.uri().path()).then(|| manner(request.headers()).guide);
    let ending = match carry_out(&context, request).await {
        Ok(reply) => Ending::Reply(reply),
        Err(ending) => ending,
    };
    match ending {
        Ending::Reply(reply) => response(reply.status, reply.content_type, reply.body),
        Ending::Refused(error) => {
            let body = guide.map_or_else(|| error.body(), |guide| certcapture::error_body(&error, guide)).to_string().into_bytes();
            let mut response = response(error.status(), "application/json; charset=utf-8", body);
            if let Some(methods) = error.allow().and_then(|m| HeaderValue::from_str(m).ok()) {
                response.headers_mut().insert(ALLOW, methods);
            }
            response
        }
        Ending::Raw(response) => *response,
        Ending::Cut => {
            peer.cut.store(true, Ordering::SeqCst);
            Response::new(Body::empty())
        }
    }
}

fn response(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(id) = tokens::random().ok().and_then(|id| HeaderValue::from_str(&id).ok()) {
        headers.insert(CORRELATION, id);
    }
    response
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

async fn carry_out(context: &Arc<Context>, request: Request) -> Result<Reply, Ending> {
    let (parts, body) = request.into_parts();
    // The whole request is read first: an answer in the middle of an upload would reach most clients as a broken connection.
    let body = read_body(body, context.options.max_body).await;
    let raw_path = parts.uri.path().to_owned();
    let (operation, params) = routes::find(&parts.method, &raw_path)?;
    let authorization = header(&parts.headers, AUTHORIZATION);
    let manner = manner(&parts.headers);
    let mut signed_in = auth::check(authorization.as_deref(), &context.options).map(|_| ());
    // A token that `/v2/auth/token` gave out opens only the calls beside it.
    if let (Err(_), true, Some(token)) = (&signed_in, is_certcapture(&raw_path), auth::bearer(authorization.as_deref())) {
        let (shared, token) = (Arc::clone(context), token.to_owned());
        if blocking(move || shared.store.read(|c| certcapture::is_good_token(c, &token))).await? {
            signed_in = Ok(());
        }
    }
    if !matches!(operation.access, Access::Public | Access::Ping) {
        signed_in?;
    }
    if context.options.quirks.encoded_slash_refused && raw_path.to_ascii_lowercase().contains("%2f") {
        return Err(Ending::Raw(Box::new(response(
            StatusCode::NOT_FOUND,
            "text/html",
            b"<html><body><h1>404 Not Found</h1></body></html>".to_vec(),
        ))));
    }
    let is_write = matches!(operation.access, Access::Write | Access::AdminWrite);
    let of_service = is_write || matches!(operation.access, Access::Read | Access::Ping);
    if of_service {
        let (shared, name) = (Arc::clone(context), operation.name);
        blocking(move || shared.store.count_call(name, is_write)).await?;
    }
    authorize(operation, context.options.role)?;
    let body = body?;
    let mut after = OnTheWay::Whole;
    if of_service {
        let fate = context.faults.fate(is_write);
        if fate.latency_ms > 0 {
            tokio::time::sleep(Duration::from_millis(fate.latency_ms)).await;
        }
        strike(fate.before)?;
        after = fate.after;
    }
    let work = Work {
        context: Arc::clone(context),
        operation,
        params,
        query: Query::parse(parts.uri.query()),
        raw_path,
        content_type: header(&parts.headers, CONTENT_TYPE),
        authorization,
        body,
        is_write,
        manner,
    };
    let result = blocking(move || work.run()).await;
    match after {
        OnTheWay::Whole => Ok(result?),
        OnTheWay::Reset => Err(Ending::Cut),
        OnTheWay::Garbled => Err(Ending::Raw(Box::new(response(
            StatusCode::OK,
            "application/json; charset=utf-8",
            b"{\"@recordsetCount\": 7, \"value\": [{\"id\": ".to_vec(),
        )))),
        OnTheWay::Half | OnTheWay::Slow(_) => {
            let reply = result?;
            let mut whole = response(reply.status, reply.content_type, Vec::new());
            *whole.body_mut() = in_pieces(reply.body, after);
            Err(Ending::Raw(Box::new(whole)))
        }
    }
}

/// A body in four pieces with pauses between them, or its first half and then a broken connection.
fn in_pieces(body: Vec<u8>, how: OnTheWay) -> Body {
    let pause = if let OnTheWay::Slow(ms) = how { ms } else { 0 };
    let pieces: Vec<Option<Bytes>> = match how {
        OnTheWay::Half => vec![Some(Bytes::copy_from_slice(&body[..body.len() / 2])), None],
        _ => body.chunks(body.len().div_ceil(4).max(1)).map(|part| Some(Bytes::copy_from_slice(part))).collect(),
    };
    let pieces = futures_util::stream::unfold(pieces.into_iter(), move |mut left| async move {
        let piece = left.next()?;
        tokio::time::sleep(Duration::from_millis(pause)).await;
        Some((piece.ok_or_else(|| io::Error::from(io::ErrorKind::ConnectionReset)), left))
    });
    Body::from_stream(pieces)
}

/// Everything a handler needs, ready to move to another thread.
struct Work {
    context: Arc<Context>,
    operation: &'static Operation,
    params: Params,
    query: Query,
    raw_path: String,
    content_type: Option<String>,
    authorization: Option<String>,
    body: Bytes,
    is_write: bool,
    manner: certcapture::Manner,
}

impl Work {
    fn run(self) -> Result<Reply, ApiError> {
        let call = Call {
            context: &self.context,
            params: self.params,
            query: self.query,
            raw_path: &self.raw_path,
            content_type: self.content_type,
            authorization: self.authorization,
            body: self.body,
            manner: self.manner,
        };
        let reply = (self.operation.handler)(&call)?;
        if self.is_write {
            self.context.store.count_effect(self.operation.name)?;
        }
        Ok(reply)
    }
}

/// Runs work that waits for the disk away from the threads that serve connections. A panic in it is an answer 500, not a lost call.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, ApiError> + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|_| Err(ApiError::internal()))
}

/// Reads the body up to the limit and throws away the rest, so that the client gets to hear the answer.
async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = Vec::new();
    let mut too_large = false;
    loop {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        let data = match frame {
            None => break,
            Some(Ok(frame)) => frame.into_data().unwrap_or_default(),
            Some(Err(_)) => return Err(ApiError::new(Code::JSON_FORMAT, "The request broke off.")),
        };
        if too_large || bytes.len() + data.len() > limit {
            too_large = true;
            bytes = Vec::new();
        } else {
            bytes.extend_from_slice(&data);
        }
    }
    if too_large {
        return Err(ApiError::new(Code::REQUEST_TOO_LARGE, format!("The request is larger than {limit} bytes.")));
    }
    Ok(bytes.into())
}

fn authorize(operation: &Operation, role: Role) -> Result<(), ApiError> {
    let allowed = match operation.access {
        Access::Public | Access::Ping | Access::Read | Access::Control => true,
        Access::Write => role != Role::ReadOnly,
        Access::AdminWrite => role == Role::CompanyAdmin,
    };
    if allowed {
        return Ok(());
    }
    Err(ApiError::new(Code::PERMISSION_REQUIRED, format!("The role {role:?} may not call {}.", operation.name)))
}

fn strike(strike: Strike) -> Result<(), Ending> {
    match strike {
        Strike::None => Ok(()),
        Strike::Reset => Err(Ending::Cut),
        Strike::RateLimited { retry_after } => {
            let error = ApiError::new(Code::REQUEST_LIMIT, "Too many requests were sent in a short time.");
            let mut limited = response(error.status(), "application/json; charset=utf-8", error.body().to_string().into_bytes());
            if let Some(seconds) = retry_after {
                limited.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            Err(Ending::Raw(Box::new(limited)))
        }
        Strike::ServerError { status: 502 } => Err(Ending::Raw(Box::new(response(
            StatusCode::BAD_GATEWAY,
            "text/html",
            b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>".to_vec(),
        )))),
        Strike::ServerError { status: 503 } => {
            Err(ApiError::new(Code::REMOTE_SERVER, "A server that the service depends on is not working.").into())
        }
        Strike::ServerError { .. } => Err(ApiError::internal().into()),
    }
}

pub(super) fn health(_: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(&json!({"status": "ok"})))
}

pub(super) fn stats(call: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::json(&call.context.store.stats()?))
}

fn faults_reply(call: &Call<'_>) -> Result<Reply, ApiError> {
    let value: Value = serde_json::to_value(call.context.faults.get()).map_err(|_| ApiError::internal())?;
    Ok(Reply::json(&value))
}

pub(super) fn get_faults(call: &Call<'_>) -> Result<Reply, ApiError> {
    faults_reply(call)
}

pub(super) fn set_faults(call: &Call<'_>) -> Result<Reply, ApiError> {
    call.context.faults.set(call.object()?);
    faults_reply(call)
}
