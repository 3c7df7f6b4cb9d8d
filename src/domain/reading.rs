//! What a reading depends on, as one name: the key under which it is kept, here or on a queue.

use super::{Hints, Sha256};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The way that a program reads: its own version, a sum over everything of it that reads, and its text recognition. Two that are equal read the same
/// from the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReaderVersion(String);

impl ReaderVersion {
    /// `engine`: everything of the text recognition that decides what it reads; one line.
    pub fn of(engine: &str) -> Self {
        let own = concat!("certonboard ", env!("CARGO_PKG_VERSION"), " (", env!("CERTONBOARD_READING"), ")");
        Self(format!("{own}, {engine}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 16 hexadecimal digits that stand for it where names are short.
    pub fn id(&self) -> String {
        Sha256::of(self.0.as_bytes()).as_str().chars().take(16).collect()
    }
}

impl fmt::Display for ReaderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Stands for everything on which it depends what is read from a file: 64 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReadingKey(String);

impl ReadingKey {
    pub fn new(version: &ReaderVersion, bytes: &Sha256, hints: &Hints, seller: Option<&str>) -> Self {
        // A list in JSON: no two different ones are written alike.
        let all = serde_json::json!([version, bytes, hints, seller]).to_string();
        Self(Sha256::of(all.as_bytes()).as_str().to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ReadingKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            true => Ok(Self(text)),
            false => Err("a reading's key has 64 hexadecimal digits".to_owned()),
        }
    }
}

impl From<ReadingKey> for String {
    fn from(key: ReadingKey) -> Self {
        key.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_reading_depends_on_changes_the_key() {
        let (version, bytes, plain) = (ReaderVersion::of("made up 1"), Sha256::of(b"a"), Hints::default());
        let key = |seller| ReadingKey::new(&version, &bytes, &plain, seller);
        let turned = Hints { turns: [(1, 90)].into(), ..Hints::default() };
        let others = [
            key(Some("Blue Heron Supply Co.")),
            ReadingKey::new(&ReaderVersion::of("made up 2"), &bytes, &plain, None),
            ReadingKey::new(&version, &Sha256::of(b"b"), &plain, None),
            ReadingKey::new(&version, &bytes, &turned, None),
        ];
        assert!(others.iter().all(|other| *other != key(None)));
        assert_eq!(key(None), ReadingKey::new(&version.clone(), &Sha256::of(b"a"), &Hints::default(), None));
    }

    #[test]
    fn a_key_is_a_name_and_never_a_path() {
        for bad in ["", "../../etc/passwd", &"A".repeat(64), &"0".repeat(63)] {
            assert!(ReadingKey::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
