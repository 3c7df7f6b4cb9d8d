//! The folder of scans: what stands in it, each file opened, each page as words or as a picture, chosen pages as a PDF.
//!
//! Owns: the walk over folder and ZIPs, file kinds by content, PDF text layers and rendering, raster decoding, writing page subsets.
//! Must not touch: recognition, what a page says, the network.
//! Called by: `main`, through the `ScanFolder` and `OpenScan` ports.

mod guard;
mod kind;
mod listing;
mod pdf;
mod raster;
mod reduce;
mod tiff;
mod write;

use crate::ports::{FolderListing, OpenScan, PageInput, ScanFile, ScanFolder, Unreadable, UploadPdf};
use kind::Kind;
use std::path::Path;

/// How large a thing from outside may be. A file beyond a limit is refused with a text that names the limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one scan, unpacked.
    pub file_bytes: u64,
    /// Pixels of one page.
    pub page_pixels: u64,
    /// Pages of one file.
    pub pages: u32,
    /// Files in one folder, ZIP members included.
    pub files: usize,
    /// Members of one ZIP.
    pub zip_members: usize,
    /// Bytes of one ZIP's members together, unpacked.
    pub zip_bytes: u64,
    /// How much larger than packed a large ZIP member may be.
    pub zip_ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            file_bytes: 200 << 20,
            page_pixels: 100_000_000,
            pages: 2_000,
            files: 100_000,
            zip_members: 10_000,
            zip_bytes: 4 << 30,
            zip_ratio: 200,
        }
    }
}

/// Reads scans from disk.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    limits: Limits,
}

impl Folder {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self { limits }
    }
}

impl ScanFolder for Folder {
    fn list(&self, folder: &Path) -> Result<FolderListing, Unreadable> {
        listing::list(folder, &self.limits)
    }

    fn bytes(&self, file: &ScanFile) -> Result<Vec<u8>, Unreadable> {
        listing::read(file, &self.limits)
    }

    fn open(&self, bytes: Vec<u8>) -> Result<Box<dyn OpenScan>, Unreadable> {
        let pages: Box<dyn Pages> = match kind_of(&bytes)? {
            Kind::Pdf => Box::new(pdf::PdfPages::open(bytes, &self.limits)?),
            Kind::Tiff => Box::new(tiff::TiffPages::open(bytes, &self.limits)?),
            Kind::Image(format) => Box::new(raster::ImagePage::open(bytes, format, &self.limits)?),
            Kind::Zip => return Err(unreadable("this is a ZIP inside a ZIP; unpack it into the folder")),
        };
        Ok(Box::new(Scan { pages }))
    }

    fn pages_as_pdf(&self, file: &ScanFile, pages: [u32; 2], most: u64) -> Result<UploadPdf, Unreadable> {
        let bytes = listing::read(file, &self.limits)?;
        let whole = match kind_of(&bytes)? {
            Kind::Pdf => pdf::subset(bytes, pages, &self.limits),
            Kind::Tiff => tiff::TiffPages::open(bytes, &self.limits)?.as_pdf(pages),
            Kind::Image(format) => raster::ImagePage::open(bytes, format, &self.limits)?.as_pdf(pages),
            Kind::Zip => Err(unreadable("this is a ZIP inside a ZIP; unpack it into the folder")),
        };
        reduce::to_fit(whole?, most, &self.limits)
    }
}

/// What each kind of file offers.
trait Pages {
    fn count(&self) -> u32;
    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable>;
}

struct Scan {
    pages: Box<dyn Pages>,
}

impl OpenScan for Scan {
    fn page_count(&self) -> u32 {
        self.pages.count()
    }

    fn page(&mut self, number: u32) -> Result<PageInput, Unreadable> {
        in_range([number, number], self.pages.count())?;
        self.pages.page(number)
    }
}

fn kind_of(bytes: &[u8]) -> Result<Kind, Unreadable> {
    if bytes.is_empty() {
        return Err(unreadable("the file is empty (0 bytes); copy or scan it again"));
    }
    kind::of(bytes).ok_or_else(|| match kind::foreign(bytes) {
        Some(what) => unreadable(what),
        None => unreadable("the content is no PDF, TIFF, PNG, JPEG, GIF, BMP or WebP, whatever the name says; open it with the program that made it and save it as PDF"),
    })
}

fn in_range([first, last]: [u32; 2], count: u32) -> Result<(), Unreadable> {
    match first >= 1 && first <= last && last <= count {
        true => Ok(()),
        false => Err(unreadable(format!("pages {first} to {last} were asked for, but the file has {count} page(s)"))),
    }
}

fn unreadable(reason: impl Into<String>) -> Unreadable {
    Unreadable { reason: reason.into() }
}

/// The refusal of a picture with too many pixels.
fn too_large(width: u64, height: u64, limit: u64) -> Unreadable {
    unreadable(format!(
        "the page is {width} × {height} pixels, more than the limit of {} million; scan it again at 300 dpi",
        limit / 1_000_000
    ))
}
