//! What stands in the folder, and the bytes of one file in it.
//!
//! Owns: the walk over folders and ZIPs, what is skipped and why, the guards on both.
//! Must not touch: the content of a scan beyond its first bytes.
//! Called by: `Folder`.

use super::kind::{self, Kind};
use super::{Limits, guard, unreadable};
use crate::ports::{FolderListing, ScanFile, Unreadable};
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use walkdir::WalkDir;
use zip::ZipArchive;

/// A member below this size is no bomb, however well it was packed: white fax pages pack 1,000 to 1.
const BOMB_FLOOR: u64 = 20 << 20;

pub fn list(folder: &Path, limits: &Limits) -> Result<FolderListing, Unreadable> {
    let about = std::fs::metadata(folder).map_err(|e| unreadable(folder_trouble(folder, &e)))?;
    if !about.is_dir() {
        return Err(unreadable(format!("{} is a file, not a folder; give the folder that holds the scans", folder.display())));
    }
    let mut listing = FolderListing::default();
    let mut walk = WalkDir::new(folder).follow_links(false).max_depth(64).sort_by_file_name().into_iter();
    while let Some(entry) = walk.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(e) if e.depth() == 0 => {
                let cause = e.into_io_error().unwrap_or_else(|| io::Error::other("unknown"));
                return Err(unreadable(folder_trouble(folder, &cause)));
            }
            Err(e) => {
                let name = e.path().map(|p| relative(folder, p)).unwrap_or_default();
                listing.skipped.push((name, format!("can't be read: {}", io_words(e.io_error()))));
                continue;
            }
        };
        if entry.depth() == 0 {
            continue;
        }
        let name = relative(folder, entry.path());
        let base = entry.file_name().to_string_lossy().into_owned();
        if let Some(why) = hidden(&base) {
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
            listing.skipped.push((name, why.into()));
        } else if entry.file_type().is_dir() {
            continue;
        } else if entry.file_type().is_symlink() {
            listing.skipped.push((name, "a link; copy the file itself into the folder".into()));
        } else if !entry.file_type().is_file() {
            listing.skipped.push((name, "not a file".into()));
        } else {
            add_file(entry.path(), name, limits, &mut listing);
        }
        if listing.files.len() > limits.files {
            return Err(unreadable(format!(
                "{} holds more than {} files; give the folder of the certificates alone, or split it",
                folder.display(),
                limits.files
            )));
        }
    }
    listing.files.sort_by(|a, b| a.name.cmp(&b.name));
    listing.skipped.sort();
    Ok(listing)
}

fn add_file(path: &Path, name: String, limits: &Limits, listing: &mut FolderListing) {
    let (head, bytes) = match File::open(path).and_then(|f| Ok((read_head(&f)?, f.metadata()?.len()))) {
        Ok(found) => found,
        Err(e) => return listing.skipped.push((name, format!("can't be read: {}", io_words(Some(&e))))),
    };
    match kind::of(&head) {
        Some(Kind::Zip) => add_zip(path, &name, limits, listing),
        Some(_) => listing.files.push(ScanFile { name, path: path.to_path_buf(), member: None, bytes }),
        None if kind::promises_scan(&name) => listing.files.push(ScanFile { name, path: path.to_path_buf(), member: None, bytes }),
        None => {
            let why = not_a_scan(&name, &head);
            listing.skipped.push((name, why));
        }
    }
}

fn add_zip(path: &Path, name: &str, limits: &Limits, listing: &mut FolderListing) {
    if let Some(what) = kind::ending(name).and_then(|e| office(&e)) {
        return listing.skipped.push((name.into(), format!("not a scan: {what}; save the certificate in it as PDF")));
    }
    let found = guard::guarded("the ZIP", || {
        let mut part = FolderListing::default();
        add_members(path, name, limits, &mut part)?;
        Ok(part)
    });
    match found {
        Ok(part) => {
            listing.files.extend(part.files);
            listing.skipped.extend(part.skipped);
        }
        Err(why) => listing.skipped.push((name.into(), why.reason)),
    }
}

fn add_members(path: &Path, name: &str, limits: &Limits, listing: &mut FolderListing) -> Result<(), Unreadable> {
    let mut zip = open_zip(path)?;
    if zip.len() > limits.zip_members {
        return Err(unreadable(format!(
            "the ZIP has {} members, more than the limit of {}; unpack it into the folder",
            zip.len(),
            limits.zip_members
        )));
    }
    let mut total = 0u64;
    for index in 0..zip.len() {
        let (raw, shown, size, packed, encrypted) = {
            let Ok(member) = zip.by_index_raw(index) else {
                listing.skipped.push((format!("{name}/#{index}"), "the ZIP's entry is damaged; pack the ZIP again".into()));
                continue;
            };
            if member.is_dir() {
                continue;
            }
            let Ok(raw) = member.name().map(|n| n.into_owned()) else {
                listing
                    .skipped
                    .push((format!("{name}/#{index}"), "its name in the ZIP can't be read; unpack the ZIP into the folder".into()));
                continue;
            };
            let shown = format!("{name}/{}", harmless(&raw));
            (raw, shown, member.size(), member.compressed_size(), member.encrypted())
        };
        let base = shown.rsplit('/').next().unwrap_or_default();
        if raw.split('/').any(|part| part == "__MACOSX") || hidden(base).is_some() {
            listing.skipped.push((shown, "a hidden or system file".into()));
        } else if encrypted {
            listing.skipped.push((shown, "protected by a password in the ZIP; unpack it into the folder".into()));
        } else if size > limits.file_bytes {
            listing.skipped.push((shown, format!("{} MB unpacked, more than the limit of {} MB", size >> 20, limits.file_bytes >> 20)));
        } else if size > BOMB_FLOOR && size / packed.max(1) > limits.zip_ratio {
            listing.skipped.push((
                shown,
                format!("unpacks to {} times its size, as a ZIP bomb does; unpack it yourself if you trust it", size / packed.max(1)),
            ));
        } else if total.saturating_add(size) > limits.zip_bytes {
            listing.skipped.push((shown, format!("the ZIP unpacks to more than {} MB; unpack it into the folder", limits.zip_bytes >> 20)));
        } else {
            total += size;
            let head = zip.by_index(index).map_err(io::Error::from).and_then(read_head);
            let file = ScanFile { name: shown.clone(), path: path.to_path_buf(), member: Some(raw), bytes: size };
            match head.map(|head| (kind::of(&head), head)) {
                Err(e) => listing.skipped.push((shown, format!("can't be unpacked: {e}; unpack the ZIP into the folder"))),
                Ok((Some(Kind::Zip), _)) => {
                    let why = kind::ending(base).and_then(|e| office(&e)).map_or_else(
                        || "a ZIP inside a ZIP; unpack it into the folder".to_string(),
                        |what| format!("not a scan: {what}; save the certificate in it as PDF"),
                    );
                    listing.skipped.push((shown, why));
                }
                Ok((Some(_), _)) => listing.files.push(file),
                Ok((None, _)) if kind::promises_scan(base) => listing.files.push(file),
                Ok((None, head)) => {
                    let why = not_a_scan(base, &head);
                    listing.skipped.push((shown, why));
                }
            }
        }
    }
    Ok(())
}

/// The whole content of a file or ZIP member.
pub fn read(file: &ScanFile, limits: &Limits) -> Result<Vec<u8>, Unreadable> {
    let too_big =
        || unreadable(format!("the file is larger than the limit of {} MB; split it or scan it at 300 dpi", limits.file_bytes >> 20));
    let take = |reader: &mut dyn Read| -> Result<Vec<u8>, Unreadable> {
        let mut bytes = Vec::new();
        reader.take(limits.file_bytes + 1).read_to_end(&mut bytes).map_err(|e| match e.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData => {
                unreadable(format!("the ZIP is damaged here ({e}); pack it again"))
            }
            _ => unreadable(format!("can't be read: {}", io_words(Some(&e)))),
        })?;
        if bytes.len() as u64 > limits.file_bytes { Err(too_big()) } else { Ok(bytes) }
    };
    match &file.member {
        None => {
            let mut disk = File::open(&file.path).map_err(|e| unreadable(format!("can't be opened: {}", io_words(Some(&e)))))?;
            if disk.metadata().is_ok_and(|m| m.len() > limits.file_bytes) {
                return Err(too_big());
            }
            take(&mut disk)
        }
        Some(member) => guard::guarded("the ZIP", || {
            let mut zip = open_zip(&file.path)?;
            let mut inner = zip.by_name(member).map_err(|e| unreadable(format!("not found in the ZIP any more: {e}; start again")))?;
            take(&mut inner)
        }),
    }
}

fn open_zip(path: &Path) -> Result<ZipArchive<BufReader<File>>, Unreadable> {
    let file = File::open(path).map_err(|e| unreadable(format!("can't be opened: {}", io_words(Some(&e)))))?;
    ZipArchive::new(BufReader::new(file)).map_err(|e| unreadable(format!("the ZIP is damaged or cut off ({e}); copy or pack it again")))
}

fn read_head(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(kind::HEAD);
    reader.take(kind::HEAD as u64).read_to_end(&mut head)?;
    Ok(head)
}

/// A member's name for showing and sorting. It is never used as a path, and this makes sure that it can't look like one.
fn harmless(name: &str) -> String {
    let parts = name.split(['/', '\\']).filter(|p| !p.is_empty() && *p != "." && *p != "..");
    let joined = parts.collect::<Vec<_>>().join("/");
    let shown: String = joined.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if shown.is_empty() { "unnamed".into() } else { shown }
}

fn hidden(base: &str) -> Option<&'static str> {
    let lower = base.to_ascii_lowercase();
    if ["thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r", "__macosx"].contains(&lower.as_str()) {
        Some("a system file")
    } else if lower.starts_with('.') || lower.starts_with("~$") {
        Some("a hidden file")
    } else {
        None
    }
}

fn office(ending: &str) -> Option<&'static str> {
    match ending {
        "docx" | "docm" | "odt" => Some("a text document"),
        "xlsx" | "xlsm" | "xlsb" | "ods" => Some("a spreadsheet"),
        "pptx" | "odp" => Some("a presentation"),
        _ => None,
    }
}

fn not_a_scan(name: &str, head: &[u8]) -> String {
    if let Some(what) = kind::foreign(head) {
        return what.into();
    }
    match kind::ending(name) {
        Some(ending) => format!("not a scan: a .{ending} file"),
        None => "not a scan: its content is no PDF and no picture".into(),
    }
}

fn relative(folder: &Path, path: &Path) -> String {
    let inside = path.strip_prefix(folder).unwrap_or(path);
    inside.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn folder_trouble(folder: &Path, cause: &io::Error) -> String {
    let shown = folder.display();
    match cause.kind() {
        io::ErrorKind::NotFound => {
            format!("the folder {shown} does not exist; check the spelling, or give the folder that holds the scans")
        }
        io::ErrorKind::PermissionDenied => {
            format!("the folder {shown} may not be read by this user; ask for access or copy the scans elsewhere")
        }
        _ => format!("the folder {shown} can't be read: {cause}"),
    }
}

fn io_words(cause: Option<&io::Error>) -> String {
    match cause {
        Some(e) if e.kind() == io::ErrorKind::PermissionDenied => "this user has no access; change the file's permissions".into(),
        Some(e) if e.kind() == io::ErrorKind::NotFound => "the file is gone; list the folder again".into(),
        Some(e) => e.to_string(),
        None => "unknown trouble".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn member_names_lose_their_teeth() {
        assert_eq!(harmless("../../etc/passwd"), "etc/passwd");
        assert_eq!(harmless("C:\\scans\\..\\a.pdf"), "C:/scans/a.pdf");
        assert_eq!(harmless("/a\u{1b}[31m.pdf"), "a\u{fffd}[31m.pdf");
        assert_eq!(harmless("../.."), "unnamed");
    }
}
