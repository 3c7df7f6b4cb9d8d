//! What the core needs from the outside, as traits.
//!
//! Owns: the traits and the plain values that cross them.
//! Must not touch: any implementation, any vendor type.
//! Called by: `wizard` and `apply`, which use them; the adapters (`sources`, `ocr`, `api`, `journal`, `ui`), which implement them.

use crate::domain::{
    Attribute, AttributeOwner, BBox, CandidateView, CertificateDraft, CertificateId, CertificateOnFile, Checked, Command, CompanyCode,
    CompanyId, Corners, CoverLetter, Customer, CustomerCode, CustomerOnFile, DocumentForm, EcommerceToken, Edits, ExposureZone, Gray,
    Hints, InvitationDraft, InvitationId, InvitationOnFile, InvitationReceipt, Mark, PageContent, PageOrigin, Paper, PaperView, Queue,
    ReaderVersion, ReadingKey, ReasonOnFile, Region, ReviewError, Sha256, Word, with_typed,
};
use async_trait::async_trait;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

// ---- reading scans ------------------------------------------------------------------------------------------------------------------

/// A file in the folder of scans, found but not yet read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanFile {
    /// Relative to the folder, `/` between parts; `archive.zip/inner.pdf` for a file in a ZIP.
    pub name: String,
    /// The file on disk: the ZIP itself for a file in a ZIP.
    pub path: PathBuf,
    /// The name of the file inside the ZIP at `path`.
    pub member: Option<String>,
    pub bytes: u64,
}

/// What stands in the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FolderListing {
    /// Every file that may be a scan, sorted by name.
    pub files: Vec<ScanFile>,
    /// The others: name and the reason why it is not read.
    pub skipped: Vec<(String, String)>,
}

/// A file that can't be read, and why. The text names what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unreadable {
    pub reason: String,
}

/// One page before recognition, upright only when it came with a text layer.
#[derive(Debug, Clone)]
pub struct PageInput {
    /// 1-based in its file.
    pub number: u32,
    /// Words of a trustworthy text layer. On a scan that somebody typed on, the typed words.
    pub words: Vec<Word>,
    pub marks: Vec<Mark>,
    /// The page as a picture. Present whenever recognition is needed, and wherever a picture helps (check boxes, signature).
    pub image: Option<Arc<Gray>>,
    /// Pixels per inch of `image`, as far as known.
    pub dpi: u32,
    /// Whether `image` shows text that `words` lack.
    pub recognise: bool,
    /// Set when this page could not be read.
    pub problem: Option<String>,
}

impl PageInput {
    /// Reads the page: with `engine` where its picture shows text that its words lack. `turn`: how far to turn it clockwise (0, 90, 180, 270) where
    /// somebody has said so; else that is found out.
    pub fn read_with(self, engine: &mut dyn OcrEngine, turn: Option<u16>) -> Result<PageContent, OcrError> {
        let Self { number, mut words, mut marks, mut image, dpi, recognise, problem } = self;
        let (mut turned, mut levelled, mut corners) = (turn.unwrap_or(0), 0.0, None);
        let mut origin = if problem.is_some() { PageOrigin::Failed } else { PageOrigin::TextLayer };
        if let (true, Some(picture)) = (recognise, &image) {
            let read = engine.recognise(picture, dpi, turn)?;
            (turned, levelled, corners) = (read.turned, read.levelled, read.corners);
            let upright = read.image.as_ref().map_or(8.5 / 11.0, |i| i.width as f32 / i.height.max(1) as f32);
            // What was typed on the scan moves with its picture.
            let moved = |b: BBox| corners.map_or(b, |c: Corners| b.flattened(&c)).turned(turned).levelled(read.levelled, upright);
            words.iter_mut().for_each(|w| w.bbox = moved(w.bbox));
            marks.iter_mut().for_each(|m| m.bbox = moved(m.bbox));
            words = with_typed(read.words, words);
            image = read.image.or(image);
            origin = PageOrigin::Ocr;
        } else if turned != 0 {
            words.iter_mut().for_each(|w| w.bbox = w.bbox.turned(turned));
            marks.iter_mut().for_each(|m| m.bbox = m.bbox.turned(turned));
            image = image.map(|image| Arc::new(image.turned(turned)));
        }
        if words.is_empty() && origin != PageOrigin::Failed {
            origin = PageOrigin::Blank;
        }
        let aspect = image.as_ref().map_or(8.5 / 11.0, |i| i.width as f32 / i.height.max(1) as f32);
        Ok(PageContent { number, words, marks, image, origin, turned, corners, levelled, aspect })
    }
}

/// An opened scan. Pages are made one at a time, so that memory stays bounded.
pub trait OpenScan {
    fn page_count(&self) -> u32;
    /// `number` is 1-based. A page that can't be read is an `Err`; the other pages may still be fine.
    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable>;
}

/// The folder of scans.
pub trait ScanFolder: Send + Sync {
    fn list(&self, folder: &Path) -> Result<FolderListing, Unreadable>;
    /// The file's bytes, within the limits.
    fn bytes(&self, file: &ScanFile) -> Result<Vec<u8>, Unreadable>;
    /// Opens a file by its bytes.
    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn OpenScan>, Unreadable>;
    /// The given pages (1-based, inclusive) of a scan as one PDF of at most `most` bytes, for upload.
    fn pages_as_pdf(&self, file: &ScanFile, pages: [u32; 2], most: u64) -> Result<UploadPdf, Unreadable>;
}

/// The pages of a document, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadPdf {
    pub bytes: Vec<u8>,
    /// What was done to it because it was too large, in words.
    pub reduced: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OcrError {
    /// The engine or its language data is missing; the text says how to install it.
    #[error("{0}")]
    NotInstalled(String),
    #[error("the text recognition failed: {0}")]
    Failed(String),
}

/// What an engine made of a page.
#[derive(Debug, Clone, Default)]
pub struct Recognised {
    /// Boxes are fractions of `image`.
    pub words: Vec<Word>,
    /// The upright, deskewed page the boxes refer to.
    pub image: Option<Arc<Gray>>,
    /// The sheet in a photograph that the page was cut out of first.
    pub corners: Option<Corners>,
    /// How far the page was turned clockwise: 0, 90, 180, 270.
    pub turned: u16,
    /// How far it was turned after that to make its lines level, in radians counterclockwise.
    pub levelled: f32,
}

/// Reads words from a picture. One engine belongs to one thread.
pub trait OcrEngine {
    /// `turn`: how far to turn the page clockwise first (0, 90, 180, 270), where that is known; else it is found out.
    fn recognise(&mut self, image: &Gray, dpi: u32, turn: Option<u16>) -> Result<Recognised, OcrError>;
    /// Reads a part of an upright page again, as one line.
    fn reread(&mut self, image: &Gray, area: BBox, manner: Manner) -> Result<Vec<Word>, OcrError>;
}

/// How a part of a page is read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// By the engine that read the page.
    Same {
        /// Only digits and the signs that stand between them.
        digits: bool,
        /// Smaller and softer than the page: strokes that are thin, ragged or shaky come closer to print.
        soft: bool,
    },
    /// By a recogniser of another kind, whose mistakes are its own: a second opinion. Where it reads nothing, it doubts what others read.
    Other,
}

/// Makes one engine for each worker thread.
pub trait OcrEngines: Send + Sync {
    /// Checks engine and language data before anybody is asked ten questions.
    fn check(&self) -> Result<String, OcrError>;
    /// Everything of the engine that decides what it reads: its version, its data.
    fn version(&self) -> Result<String, OcrError> {
        self.check()
    }
    fn engine(&self) -> Result<Box<dyn OcrEngine>, OcrError>;
}

// ---- what was read, and readers elsewhere -----------------------------------------------------------------------------------------------

/// What stands on the papers of one file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilePapers {
    pub pages: u32,
    /// The papers, or why the file could not be read.
    pub papers: Result<Vec<Paper>, String>,
    /// Pages that could not be read although the file could: number (1-based) and reason.
    pub bad_pages: Vec<(u32, String)>,
    /// The second look at a page failed, and what was read at first stands.
    #[serde(default)]
    pub once: bool,
    /// So many workers stopped at it that it is given to no other.
    #[serde(default)]
    pub set_aside: bool,
}

impl FilePapers {
    pub fn unreadable(reason: impl Into<String>) -> Self {
        Self { pages: 0, papers: Err(reason.into()), bad_pages: vec![], once: false, set_aside: false }
    }

    /// Nothing of it failed, so that reading it again gives nothing new.
    pub fn is_whole(&self) -> bool {
        self.papers.is_ok() && self.bad_pages.is_empty() && !self.once
    }
}

/// Reads scans that somebody brings.
pub trait ScanReader: Send + Sync {
    /// Has a file read as `hints` say; `tell` gets what stands on it, on some thread. `seller`: the merchant's name.
    fn read(&self, bytes: Vec<u8>, hints: Hints, seller: Option<&str>, tell: Box<dyn FnOnce(FilePapers) + Send>);
}

/// Keeps what was read. It may forget, and it never fails: what it does not have is read again.
pub trait ReadingStore: Send + Sync {
    fn get(&self, key: &ReadingKey) -> Option<FilePapers>;
    fn put(&self, key: &ReadingKey, papers: &FilePapers);
}

/// A file that is to be read elsewhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReadingJob {
    pub key: ReadingKey,
    /// Only a reader of this version may read it.
    pub version: ReaderVersion,
    pub hints: Hints,
    pub seller: Option<String>,
}

/// The queue of files to read can't be used, and waiting does not mend it. The text names the queue, what is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct QueueError(pub String);

/// What came of a file that was handed out.
#[derive(Debug, Clone, PartialEq)]
pub enum Gathered {
    Papers(FilePapers),
    /// The queue has lost it, as a server does that broke down: it has to be handed out again.
    Lost,
}

/// Readers on other machines. While they can't be reached, both calls wait.
pub trait ReadingQueue: Send + Sync {
    /// Hands a file over. One that was read before is not read again; its papers come by [`next`](Self::next) all the same.
    fn hand_out(&self, job: ReadingJob, bytes: Vec<u8>) -> Result<(), QueueError>;
    /// What came of a file that was handed out, whichever comes next; `None` when nothing came within `wait`.
    fn next(&self, wait: Duration) -> Result<Option<(ReadingKey, Gathered)>, QueueError>;
}

// ---- the service --------------------------------------------------------------------------------------------------------------------

/// What went wrong at the service, sorted by what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceErrorKind {
    /// Wrong or missing credentials. Never retried: repeated failures can lock the account.
    Unauthorized,
    /// The role does not allow this call.
    Forbidden,
    /// Certificate storage is not set up for the company, or the account has no exemption service.
    NotProvisioned,
    NotFound,
    /// The object exists already.
    Duplicate,
    /// The data was refused; sending it again changes nothing.
    Invalid,
    /// The request was refused for its size alone.
    TooLarge,
    /// Too many requests.
    Limited,
    /// The service can't be reached or is down. Nothing was done.
    Unavailable,
    /// The request went out and no usable answer came back: it may or may not have taken effect.
    Unclear,
    /// The answer makes no sense.
    Protocol,
}

/// A refused or failed call. Holds no secret and no request body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[error("{call}: {message}")]
pub struct ServiceError {
    pub kind: ServiceErrorKind,
    /// The operation's published name, such as `CreateCertificates`.
    pub call: String,
    /// The service's own number of the error (`1205`), where it gave one.
    pub number: Option<i64>,
    /// The service's own message, inner JSON unpacked.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

pub type ServiceResult<T> = Result<T, ServiceError>;

/// Who the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub how: String,
    pub user: Option<String>,
    pub account: Option<i64>,
    pub version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Company {
    pub id: CompanyId,
    pub code: CompanyCode,
    pub name: String,
    pub is_default: bool,
    pub is_active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StorageStatus {
    Provisioned,
    InProgress,
    NotProvisioned,
}

/// The lists that belong to a company: their ids and names differ from company to company, so they are read at run time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definitions {
    pub zones: Vec<ExposureZone>,
    pub reasons: Vec<ReasonOnFile>,
    pub cover_letters: Vec<CoverLetter>,
}

/// A new certificate with its document.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCertificate<'a> {
    pub draft: &'a CertificateDraft,
    /// A PDF with the document's own pages.
    pub pdf: &'a [u8],
}

/// What identifies a certificate whose creation was never confirmed.
#[derive(Debug, Clone, PartialEq)]
pub struct CertificateSearch<'a> {
    pub draft: &'a CertificateDraft,
    /// Only certificates created on this day or later.
    pub created_since: Date,
}

/// Whether the service would exempt a customer in a state, by its own word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exempting {
    pub exempt: bool,
    /// `Exempt`, `NotExempt`, or a word of a later release.
    pub status: String,
}

/// A service that keeps customers, certificates and invitations. `company` is always the company that was chosen.
#[async_trait]
pub trait ExemptionService: Send + Sync {
    /// What to call it in a sentence: `AvaTax at https://…`.
    fn describe(&self) -> String;
    /// `false` when calls that change something are only recorded (dry run).
    fn writes(&self) -> bool;
    /// `false` for a service that sends no invitations and keeps none; its `invite` makes a token for the merchant's own pages.
    fn sends_invitations(&self) -> bool {
        true
    }

    async fn ping(&self) -> ServiceResult<Identity>;
    async fn companies(&self) -> ServiceResult<Vec<Company>>;
    async fn storage_status(&self, company: CompanyId) -> ServiceResult<StorageStatus>;
    async fn request_storage(&self, company: CompanyId) -> ServiceResult<StorageStatus>;
    async fn definitions(&self, company: CompanyId) -> ServiceResult<Definitions>;

    /// Every customer of the company.
    async fn customers(&self, company: CompanyId) -> ServiceResult<Vec<CustomerOnFile>>;
    async fn customer(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Option<CustomerOnFile>>;
    /// At most `MAX_CUSTOMERS_PER_CALL` in one call. `zones` are the states each is shipped to, by the service's list.
    async fn create_customers(&self, company: CompanyId, customers: &[(&Customer, Vec<ExposureZone>)]) -> ServiceResult<()>;
    /// Replaces the record: what is not sent is lost, so the caller sends everything that is to stay.
    async fn update_customer(&self, company: CompanyId, customer: &Customer, zones: &[ExposureZone]) -> ServiceResult<()>;

    /// The certificates linked to one customer.
    async fn certificates_of(&self, company: CompanyId, code: &CustomerCode) -> ServiceResult<Vec<CertificateOnFile>>;
    /// Every certificate of the company, each with its customers.
    async fn certificates(&self, company: CompanyId) -> ServiceResult<Vec<CertificateOnFile>>;
    async fn certificate(&self, company: CompanyId, id: CertificateId) -> ServiceResult<Option<CertificateOnFile>>;
    /// One certificate a call, and never with customers in it: naming one that does not exist would create it.
    async fn create_certificate(&self, company: CompanyId, certificate: &NewCertificate<'_>) -> ServiceResult<CertificateId>;
    /// Certificates that a lost call may have made, each with its customers.
    async fn find_certificates(&self, company: CompanyId, search: &CertificateSearch<'_>) -> ServiceResult<Vec<CertificateOnFile>>;
    async fn link(&self, company: CompanyId, code: &CustomerCode, certificates: &[CertificateId]) -> ServiceResult<()>;
    /// Would a sale to this customer in this state be exempt now? New certificates count only after a while.
    async fn exempts(&self, company: CompanyId, code: &CustomerCode, region: &Region) -> ServiceResult<Exempting>;

    async fn invite(&self, company: CompanyId, invitation: &InvitationDraft) -> ServiceResult<InvitationReceipt>;
    async fn invitation(&self, company: CompanyId, code: &CustomerCode, id: InvitationId) -> ServiceResult<Option<InvitationOnFile>>;
    /// Every invitation of the company sent on this day or later.
    async fn invitations(&self, company: CompanyId, since: Option<Date>) -> ServiceResult<Vec<InvitationOnFile>>;

    // After onboarding. A service that has no such call says so.

    /// Takes certificates from a customer; they stay in the service, and with other customers.
    async fn unlink(&self, _: CompanyId, _: &CustomerCode, _: &[CertificateId]) -> ServiceResult<()> {
        Err(self.has_no("UnlinkCertificatesFromCustomer"))
    }
    /// Takes customers from a certificate.
    async fn unlink_customers(&self, _: CompanyId, _: CertificateId, _: &[CustomerCode]) -> ServiceResult<()> {
        Err(self.has_no("UnlinkCustomersFromCertificate"))
    }
    /// For all its customers at once, and for good.
    async fn delete_certificate(&self, _: CompanyId, _: CertificateId) -> ServiceResult<()> {
        Err(self.has_no("DeleteCertificate"))
    }
    /// The document's bytes; `None` when the certificate has none, or no such page.
    async fn document(&self, _: CompanyId, _: CertificateId, _: DocumentForm) -> ServiceResult<Option<Vec<u8>>> {
        Err(self.has_no("DownloadCertificateImage"))
    }
    /// Puts a document (PDF) to a certificate that is there.
    async fn attach(&self, _: CompanyId, _: CertificateId, _pdf: &[u8]) -> ServiceResult<()> {
        Err(self.has_no("UploadCertificateImage"))
    }
    /// Every attribute that certificates can have.
    async fn known_attributes(&self, _: CompanyId) -> ServiceResult<Vec<Attribute>> {
        Err(self.has_no("ListCertificateAttributes"))
    }
    async fn attributes_of(&self, _: CompanyId, _: &AttributeOwner) -> ServiceResult<Vec<Attribute>> {
        Err(self.has_no("ListAttributes"))
    }
    async fn link_attributes(&self, _: CompanyId, _: &AttributeOwner, _names: &[String]) -> ServiceResult<()> {
        Err(self.has_no("LinkAttributes"))
    }
    async fn unlink_attributes(&self, _: CompanyId, _: &AttributeOwner, _names: &[String]) -> ServiceResult<()> {
        Err(self.has_no("UnlinkAttributes"))
    }
    async fn ecommerce_token(&self, _: CompanyId, _: &CustomerCode) -> ServiceResult<EcommerceToken> {
        Err(self.has_no("CreateECommerceToken"))
    }

    /// `true` where a new certificate's document goes by a call of its own ([`ExemptionService::attach`]) after the certificate.
    fn document_follows(&self) -> bool {
        false
    }

    /// The error for a call that this service does not have.
    fn has_no(&self, call: &str) -> ServiceError {
        ServiceError {
            kind: ServiceErrorKind::Invalid,
            call: call.to_owned(),
            number: None,
            message: format!("{} has no such call", self.describe()),
            hint: Some("Do this by hand in the service's own pages.".to_owned()),
        }
    }
}

/// The service prints no limit for a batch; this is small enough for every limit seen elsewhere.
pub const MAX_CUSTOMERS_PER_CALL: usize = 100;

/// One call to the service, for the run's audit trail: no secret, no content, only sums.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiCall {
    pub call: String,
    pub method: String,
    /// The path without its query values.
    pub path: String,
    pub started: jiff::Timestamp,
    pub millis: u64,
    /// `None` when no answer came.
    pub status: Option<u16>,
    pub request_sha256: Option<Sha256>,
    pub response_sha256: Option<Sha256>,
    /// `true` for a call that a dry run recorded and did not send.
    pub dry_run: bool,
    pub attempt: u32,
    /// What this attempt is called in the log and at the service (`X-Correlation-Id`); empty where nothing was sent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub correlation: String,
}

/// Takes note of every call.
pub trait AuditTrail: Send + Sync {
    fn record(&self, call: ApiCall);
}

// ---- review -------------------------------------------------------------------------------------------------------------------------

/// Where a person decides about the papers of a run. The page in the browser and its twin on the terminal are two views of one desk. Every
/// decision has reached the disk when the call returns.
pub trait ReviewDesk: Send + Sync {
    fn queue(&self) -> Result<Queue, ReviewError>;
    fn paper(&self, id: &str) -> Result<PaperView, ReviewError>;
    /// What would follow from these edits; `customers` are told how they fit. Changes nothing.
    fn check(&self, id: &str, edits: &Edits, customers: &[CustomerCode]) -> Result<Checked, ReviewError>;
    /// Customers by what somebody types, the closest first, with how each fits the paper.
    fn search(&self, id: &str, text: &str) -> Result<Vec<CandidateView>, ReviewError>;
    /// A page (1-based in the file) as the boxes refer to it: upright and level.
    fn page(&self, id: &str, page: u32) -> Result<Gray, ReviewError>;
    /// `revision`: the one of the [`PaperView`] that the person saw; a newer one refuses the command.
    fn act(&self, id: &str, revision: u64, command: Command) -> Result<(), ReviewError>;
}

// ---- people and time ----------------------------------------------------------------------------------------------------------------

/// Tells what is being done. The bar on a terminal, calm lines elsewhere and silence are three implementations.
pub trait Progress: Send + Sync {
    /// Begins a piece of work of `total` units (`None`: unknown).
    fn begin(&self, what: &str, unit: &str, total: Option<u64>);
    fn advance(&self, by: u64, now: &str);
    fn end(&self);
    /// A remark while the work goes on.
    fn remark(&self, _: &str) {}
}

/// Tells nothing.
pub struct Silence;

impl Progress for Silence {
    fn begin(&self, _: &str, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: &str) {}
    fn end(&self) {}
}

/// The time of day and the day of the run. The day is what decisions use; it may be set by the user.
pub trait Clock: Send + Sync {
    fn now(&self) -> jiff::Timestamp;
    fn today(&self) -> Date;
}

/// A first Ctrl-C asks to stop after the call in flight; everything that loops looks here.
#[derive(Debug, Clone, Default)]
pub struct Interrupt(Arc<std::sync::atomic::AtomicBool>);

impl Interrupt {
    pub fn raise(&self) {
        self.0.store(true, std::sync::atomic::Ordering::SeqCst);
    }
    pub fn is_raised(&self) -> bool {
        self.0.load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// One possible answer to a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What stands in the answers file.
    pub value: String,
    /// What the person sees.
    pub label: String,
}

/// How an answer is given, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QuestionKind {
    Confirm,
    Choice(Vec<Choice>),
    Text,
    /// A file that exists.
    File,
    /// A folder that exists.
    Folder,
    /// A whole number.
    Number,
}

/// A recommendation with its reasons; it goes to the journal together with what the person chose.
#[derive(Debug, Clone, PartialEq)]
pub struct Recommendation {
    pub value: serde_json::Value,
    pub reasons: Vec<String>,
}

/// A question with a stable key. The same question is asked on a terminal and answered by the answers file, and the same check serves both.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// The path in the answers file: `sync.confirm`.
    pub key: String,
    pub text: String,
    /// What the answer decides, for someone who sees only the key.
    pub meaning: String,
    /// A line of YAML that would answer it.
    pub example: String,
    pub kind: QuestionKind,
    pub default: Option<serde_json::Value>,
    pub recommended: Option<Recommendation>,
    /// `true`: without a terminal somebody must have answered. `false`: the default will do.
    pub required: bool,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// Given before in this run.
    Journal,
    /// By flag, environment or answers file.
    Supplied,
    /// By a person at the terminal.
    Person,
    /// `--yes`.
    Yes,
    Default,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub value: serde_json::Value,
    pub source: AnswerSource,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the question `{key}` has no answer: {meaning}")]
    Unanswered { key: String, meaning: String, example: String },
    #[error("the answer to `{key}` can't be used: {why}")]
    Invalid { key: String, why: String, example: String },
    #[error("stopped at the question `{key}`")]
    Interrupted { key: String },
    #[error("the terminal failed: {0}")]
    Terminal(String),
}

/// Asks. The only way a person's answer gets in.
pub trait Prompter: Send {
    fn ask(&mut self, question: &Question) -> Result<Answer, AskError>;
}

/// Something to show. Texts in it may come from outside; whoever prints them makes them harmless.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    Step { number: usize, of: usize, title: String },
    Say(String),
    Good(String),
    Warn(String),
    Table { title: String, head: Vec<String>, rows: Vec<Vec<String>>, note: Option<String> },
    Recommend { what: String, reasons: Vec<String> },
}

/// Shows.
pub trait Screen: Send + Sync {
    fn show(&self, block: Block);
}

/// Opens spreadsheets.
pub trait Spreadsheets: Send + Sync {
    /// `sheet`: read only this one.
    fn open(&self, path: &Path, sheet: Option<&str>) -> Result<Box<dyn Book>, Unreadable>;
}

/// How reading a sheet in pieces ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowsEnd {
    All,
    /// Who takes the rows wanted no more.
    Stopped,
    /// What was handed on is not right: forget it and read the sheet again.
    Again,
}

/// A spreadsheet that was opened. It may be longer than fits the memory.
pub trait Book {
    /// The first rows of every sheet, enough to tell what the columns mean. [`crate::domain::Grid::more`] tells whether others follow.
    fn heads(&mut self) -> Result<Vec<crate::domain::Grid>, Unreadable>;

    /// Hands on every row of a sheet, in order and in pieces. `take` gives an empty grid back to be filled next, or `None` to stop.
    fn rows(&mut self, sheet: &str, take: &mut TakeRows<'_>) -> Result<RowsEnd, Unreadable>;
}

/// Takes rows and gives an empty grid back, or `None` when it wants no more.
pub type TakeRows<'a> = dyn FnMut(crate::domain::Grid) -> Option<crate::domain::Grid> + 'a;

// ---- the journal --------------------------------------------------------------------------------------------------------------------

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the run's journal: {0}")]
pub struct JournalError(pub String);

pub type JournalResult<T> = Result<T, JournalError>;

/// How far one write has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActionState {
    /// Approved, not yet begun.
    Planned,
    /// Sent, or about to be: whether it took effect is not known.
    Attempted,
    Done,
    Failed,
}

/// What the journal knows of one write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionRecord {
    pub id: String,
    pub gate: String,
    pub seq: u32,
    /// The customer it is about; `None` for a certificate that nobody is linked to.
    pub customer: Option<CustomerCode>,
    /// In words: `create customer C-10233 “Blue Ridge Supply”`.
    pub what: String,
    pub reason: String,
    pub state: ActionState,
    pub attempts: u32,
    pub first_attempt: Option<jiff::Timestamp>,
    /// Set at `Done`: ids and links. Set at `Failed`: the error.
    pub result: Option<serde_json::Value>,
}

/// An answer that was given in this run, and what had been recommended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AnswerRecord {
    pub key: String,
    pub value: serde_json::Value,
    pub source: AnswerSource,
    pub recommended: Option<serde_json::Value>,
    pub reasons: Vec<String>,
    pub at: jiff::Timestamp,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    pub name: String,
    pub outcome: serde_json::Value,
    pub at: jiff::Timestamp,
}

/// The whole of a run, as far as a report needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub header: serde_json::Value,
    pub answers: Vec<AnswerRecord>,
    pub steps: Vec<StepRecord>,
    pub actions: Vec<ActionRecord>,
    /// The approved plans of all gates with their approvals, oldest first within a gate.
    pub plans: Vec<serde_json::Value>,
    /// As they are used: with what persons decided.
    pub documents: Vec<crate::domain::Document>,
    /// File and reason of each scan that could not be read.
    pub unreadable: Vec<(String, String)>,
    pub calls: Vec<ApiCall>,
}

/// The durable record of a run. Every call has reached the disk when it returns.
#[async_trait]
pub trait JournalStore: Send + Sync {
    fn answer(&self, key: &str) -> JournalResult<Option<serde_json::Value>>;
    fn record_answer(&self, answer: &AnswerRecord) -> JournalResult<()>;
    fn step(&self, name: &str) -> JournalResult<Option<serde_json::Value>>;
    fn complete_step(&self, name: &str, outcome: &serde_json::Value, at: jiff::Timestamp) -> JournalResult<()>;

    /// What was read from a file with these bytes, by this version of the reader: the pages need not be read again.
    fn documents_of(&self, file: &str, reader: &str) -> JournalResult<Option<Vec<crate::domain::Document>>>;
    fn remember_documents(&self, file: &str, reader: &str, documents: &[crate::domain::Document]) -> JournalResult<()>;
    fn remember_unreadable(&self, file: &str, reason: &str) -> JournalResult<()>;
    /// All documents as this run has settled them, before what persons decided.
    fn documents(&self) -> JournalResult<Vec<crate::domain::Document>>;
    /// The documents as this run uses them, beside what was read: compared with each other, drawn as a check.
    fn settle_documents(&self, documents: &[crate::domain::Document]) -> JournalResult<()>;

    /// Everything that persons decided about papers, oldest first.
    fn review(&self) -> JournalResult<Vec<crate::domain::ReviewEntry>>;
    fn record_review(&self, entry: &crate::domain::ReviewEntry) -> JournalResult<()>;

    /// Saves an approved plan, as JSON, with its approval and all its actions as `Planned`; their places follow those of earlier plans of this gate. A write that an earlier
    /// plan has is refused.
    fn save_plan(&self, gate: &str, plan: &str, approval: &serde_json::Value, actions: Vec<ActionRecord>) -> JournalResult<()>;
    /// The approved plans of a gate, oldest first: more than one where persons decided about papers later.
    fn plans(&self, gate: &str) -> JournalResult<Vec<serde_json::Value>>;
    /// The last approved plan of a gate.
    fn plan(&self, gate: &str) -> JournalResult<Option<serde_json::Value>> {
        Ok(self.plans(gate)?.pop())
    }
    /// All writes of a gate.
    fn actions(&self, gate: &str) -> JournalResult<Vec<ActionRecord>>;
    /// Intent: these writes are about to be sent.
    async fn attempt(&self, gate: &str, ids: &[&str], at: jiff::Timestamp) -> JournalResult<()>;
    /// Halfway: the object exists (its id is in `result`), but the write is not finished. The state stays `Attempted`.
    async fn halfway(&self, gate: &str, id: &str, result: &serde_json::Value, at: jiff::Timestamp) -> JournalResult<()>;
    /// These writes are confirmed, each with its result: all of them or, where that fails, none.
    async fn done(&self, gate: &str, results: &[(&str, serde_json::Value)], at: jiff::Timestamp) -> JournalResult<()>;
    async fn failed(&self, gate: &str, id: &str, error: &serde_json::Value, at: jiff::Timestamp) -> JournalResult<()>;

    fn load(&self) -> JournalResult<RunRecord>;
}

/// The name of a file, or of a folder, most like the last part of a path, of those that lie in its folder, as the end of a sentence; empty where
/// none is like it.
pub fn beside(path: &str, folders: bool) -> String {
    // Names looked at in one folder.
    const MOST: usize = 5_000;
    let path = Path::new(path);
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MOST);
    let entries = entries.filter(|e| e.path().is_dir() == folders);
    let names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    let wanted = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let near = crate::domain::nearest(wanted, names.iter().map(String::as_str));
    near.map(|near| format!("; did you mean `{}`?", path.with_file_name(near).display())).unwrap_or_default()
}

/// The check that a typed answer and one from a file both pass. The text says what is wrong.
pub fn check_text(kind: &QuestionKind, text: &str) -> Result<(), String> {
    let text = text.trim();
    match kind {
        QuestionKind::File if Path::new(text).is_dir() => Err(format!("`{text}` is a folder; name the file in it")),
        QuestionKind::File if !Path::new(text).is_file() => Err(format!("there is no file `{text}`{}", beside(text, false))),
        QuestionKind::Folder if !Path::new(text).is_dir() => Err(format!("there is no folder `{text}`{}", beside(text, true))),
        QuestionKind::Number if text.parse::<u64>().is_err() => Err(format!("`{text}` is no whole number")),
        QuestionKind::Text | QuestionKind::File | QuestionKind::Folder if text.is_empty() => Err("it is empty".to_owned()),
        _ => Ok(()),
    }
}
