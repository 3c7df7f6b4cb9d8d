//! Which letters a text file's bytes stand for, and reading it as UTF-8 without holding it in memory.

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::rc::Rc;

/// How a file's bytes are turned into letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Detected {
    pub encoding: &'static Encoding,
    /// Bytes of the byte-order mark.
    pub bom: usize,
    /// Bytes that are no letters in this encoding and will be shown as `�`.
    pub broken: u64,
}

/// Many zero bytes that no UTF-16 text explains.
pub(super) fn looks_binary(head: &[u8]) -> bool {
    if Encoding::for_bom(head).is_some() || utf16_by_zeros(head).is_some() {
        return false;
    }
    let odd = head.iter().filter(|b| **b == 0 || (**b < 32 && !matches!(**b, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1b))).count();
    odd * 50 > head.len()
}

/// Plain text in UTF-16 has a zero in every other byte.
fn utf16_by_zeros(head: &[u8]) -> Option<&'static Encoding> {
    let pairs = head.len() / 2;
    if pairs < 2 {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    match () {
        () if odd * 10 > pairs * 7 && even * 10 < pairs => Some(UTF_16LE),
        () if even * 10 > pairs * 7 && odd * 10 < pairs => Some(UTF_16BE),
        () => None,
    }
}

/// Reads the whole stream once; `whole` tells that it ends where the file ends, so that a letter cut in two is a broken one. UTF-8 if it is that (a few broken letters among many good ones are forgiven), else Windows-1252, which is
/// what spreadsheet programs of the US and Western Europe write as "CSV".
pub(super) fn detect(mut input: impl Read, whole: bool) -> io::Result<Detected> {
    let mut buffer = vec![0u8; 1 << 16];
    let mut filled = read_full(&mut input, &mut buffer)?;
    if let Some((encoding, bom)) = Encoding::for_bom(buffer.get(..filled).unwrap_or_default()) {
        return Ok(Detected { encoding, bom, broken: 0 });
    }
    if let Some(encoding) = utf16_by_zeros(buffer.get(..filled.min(4096)).unwrap_or_default()) {
        return Ok(Detected { encoding, bom: 0, broken: 0 });
    }
    let (mut good, mut broken) = (0u64, 0u64);
    let mut carried = 0;
    while filled > 0 {
        let mut chunk = buffer.get(..filled).unwrap_or_default();
        carried = 0;
        while !chunk.is_empty() {
            let (valid, rest) = match std::str::from_utf8(chunk) {
                Ok(text) => (text.as_bytes(), &[][..]),
                Err(error) => {
                    let (valid, rest) = chunk.split_at(error.valid_up_to());
                    match error.error_len() {
                        Some(bytes) => {
                            broken += 1;
                            (valid, rest.get(bytes..).unwrap_or_default())
                        }
                        None => {
                            carried = rest.len();
                            (valid, &[][..])
                        }
                    }
                }
            };
            if !valid.is_ascii() {
                good += valid.iter().filter(|b| **b >= 0xc0).count() as u64;
            }
            chunk = rest;
        }
        buffer.copy_within(filled - carried..filled, 0);
        let more = read_full(&mut input, buffer.get_mut(carried..).unwrap_or_default())?;
        if more == 0 {
            break;
        }
        filled = carried + more;
    }
    broken += u64::from(carried > 0 && whole);
    let utf8 = broken == 0 || good > broken * 4;
    Ok(match utf8 {
        true => Detected { encoding: UTF_8, bom: 0, broken },
        false => Detected { encoding: WINDOWS_1252, bom: 0, broken: 0 },
    })
}

/// As [`detect`], for a file that says in its head how it is written (`encoding="…"`, `charset=…`). Its word counts where its bytes are no
/// UTF-8: many a program says UTF-8 and writes something else, or the other way round.
pub(super) fn detect_declared(path: &Path) -> io::Result<Detected> {
    let found = detect(File::open(path)?, true)?;
    if found.encoding != WINDOWS_1252 {
        return Ok(found);
    }
    let mut head = Vec::new();
    File::open(path)?.take(2048).read_to_end(&mut head)?;
    let declared = declared(&String::from_utf8_lossy(&head)).filter(|declared| *declared != UTF_8 && declared.is_ascii_compatible());
    Ok(declared.map_or(found, |encoding| Detected { encoding, ..found }))
}

fn declared(head: &str) -> Option<&'static Encoding> {
    let head = head.to_ascii_lowercase();
    let at = head.find("encoding=").map(|at| at + 9).or_else(|| head.find("charset=").map(|at| at + 8))?;
    let name: String =
        head.get(at..)?.trim_start_matches(['"', '\'']).chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).collect();
    Encoding::for_label(name.as_bytes())
}

/// The head of a file as text, as well as can be told.
pub(super) fn text_of(head: &[u8]) -> String {
    match Encoding::for_bom(head).map(|(encoding, _)| encoding).or_else(|| utf16_by_zeros(head)) {
        Some(encoding) => encoding.decode(head).0.into_owned(),
        None => String::from_utf8_lossy(head).into_owned(),
    }
}

fn read_full(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// A reader that gives UTF-8 whatever the file is in.
pub(super) struct Utf8<R> {
    input: R,
    /// `None` when the bytes are good UTF-8 already.
    decoder: Option<Decoder>,
    raw: Vec<u8>,
    raw_at: usize,
    raw_end: usize,
    ended: bool,
    done: bool,
    /// What did not fit the caller's buffer.
    spare: Vec<u8>,
    spare_at: usize,
    /// Reads in which something was no letter and became `�`.
    replaced: Rc<Cell<u64>>,
}

impl<R: Read> Utf8<R> {
    /// Counts on while it reads.
    pub(super) fn replaced(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.replaced)
    }

    pub(super) fn new(mut input: R, detected: &Detected) -> io::Result<Self> {
        let mut bom = [0u8; 4];
        read_full(&mut input, bom.get_mut(..detected.bom).unwrap_or_default())?;
        let plain = detected.encoding == UTF_8 && detected.broken == 0;
        let decoder = (!plain || detected.bom > 0).then(|| detected.encoding.new_decoder_without_bom_handling());
        Ok(Self {
            input,
            decoder,
            raw: vec![0; 1 << 16],
            raw_at: 0,
            raw_end: 0,
            ended: false,
            done: false,
            spare: Vec::new(),
            spare_at: 0,
            replaced: Rc::default(),
        })
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let Some(decoder) = &mut self.decoder else { return self.input.read(out) };
        if self.spare_at < self.spare.len() {
            let rest = self.spare.get(self.spare_at..).unwrap_or_default();
            let n = rest.len().min(out.len());
            for (to, from) in out.iter_mut().zip(rest) {
                *to = *from;
            }
            self.spare_at += n;
            return Ok(n);
        }
        // A letter may need more bytes than a tiny buffer has, so small reads go through `spare`.
        let mut small = [0u8; 64];
        let direct = out.len() >= 64;
        loop {
            if self.done || out.is_empty() {
                return Ok(0);
            }
            if self.raw_at == self.raw_end && !self.ended {
                self.raw_end = self.input.read(&mut self.raw)?;
                self.raw_at = 0;
                self.ended = self.raw_end == 0;
            }
            let source = self.raw.get(self.raw_at..self.raw_end).unwrap_or_default();
            let target = if direct { &mut *out } else { &mut small[..] };
            let (result, taken, written, replaced) = decoder.decode_to_utf8(source, target, self.ended);
            self.replaced.set(self.replaced.get() + u64::from(replaced));
            self.raw_at += taken;
            self.done = self.ended && result == CoderResult::InputEmpty;
            if written == 0 {
                continue;
            }
            if direct {
                return Ok(written);
            }
            self.spare = small.get(..written).unwrap_or_default().to_vec();
            self.spare_at = out.len().min(written);
            for (to, from) in out.iter_mut().zip(&self.spare) {
                *to = *from;
            }
            return Ok(self.spare_at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> (String, &'static str) {
        let detected = detect(bytes, true).unwrap();
        let mut text = String::new();
        Utf8::new(bytes, &detected).unwrap().read_to_string(&mut text).unwrap();
        (text, detected.encoding.name())
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() }).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_text() {
        let text = "Code,Name\r\n1,Café Zürich – “Nord”\r\n".repeat(3000);
        let mut cases = vec![(text.as_bytes().to_vec(), "UTF-8"), ([b"\xef\xbb\xbf", text.as_bytes()].concat(), "UTF-8")];
        cases.push((WINDOWS_1252.encode(&text).0.into_owned(), "windows-1252"));
        cases.push((utf16(&text, true), "UTF-16LE"));
        cases.push(([b"\xff\xfe".to_vec(), utf16(&text, true)].concat(), "UTF-16LE"));
        cases.push((utf16(&text, false), "UTF-16BE"));
        cases.push(([b"\xfe\xff".to_vec(), utf16(&text, false)].concat(), "UTF-16BE"));
        for (bytes, name) in cases {
            let (decoded, encoding) = decode(&bytes);
            assert_eq!(encoding, name);
            assert!(decoded == text, "{name}");
        }
    }

    #[test]
    fn a_broken_letter_in_good_utf8_is_counted_not_a_reason_to_misread_the_rest() {
        let mut bytes = "Zürich,Köln,Besançon,Málaga,Århus,Łódź\n".as_bytes().to_vec();
        bytes.extend(b"bad \xff letter\n");
        assert_eq!(detect(&bytes[..], true).unwrap().broken, 1);
        assert!(decode(&bytes).0.contains("bad \u{fffd} letter"));
    }

    #[test]
    fn the_declared_encoding_counts_where_the_bytes_allow_it() {
        let name = |head: &str| declared(head).map(Encoding::name);
        assert_eq!(name("<?xml version=\"1.0\" encoding='ISO-8859-2'?>"), Some("ISO-8859-2"));
        assert_eq!(name("<meta http-equiv=Content-Type content=\"text/html; charset=windows-1250\">"), Some("windows-1250"));
        assert_eq!(name("<html>"), None);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let detected = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            detect_declared(&path).unwrap().encoding.name()
        };
        assert_eq!(detected("<meta charset=windows-1250>Łódź".as_bytes()), "UTF-8");
        assert_eq!(detected(b"<meta charset=windows-1250>\xa3\xf3d\x9f"), "windows-1250");
        assert_eq!(detected(b"<meta charset=utf-8>caf\xe9"), "windows-1252");
    }

    #[test]
    fn binary_is_told_from_text() {
        assert!(looks_binary(&[0, 1, 2, 3, 0, 0, 9, 200].repeat(20)));
        assert!(!looks_binary(b"a,b\n1,2\n"));
        assert!(!looks_binary(&utf16("a,b\n1,2\n", true)));
    }
}
