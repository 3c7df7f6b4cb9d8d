//! Two things the compiler does not do: a sum over everything that reads scans, so that what an older program read is not taken for what this one
//! would read; and a small program.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What decides how scans are read; the lock file names the crates that decode them.
const READING: [&str; 7] =
    ["src/certificates", "src/ocr", "src/sources/scans", "src/wizard/reading", "src/domain", "src/ports.rs", "Cargo.lock"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut sum = Sum::new();
    for part in READING {
        println!("cargo::rerun-if-changed={part}");
        add(Path::new(part), &mut sum);
    }
    println!("cargo::rustc-env=CERTONBOARD_READING={:016x}", sum.0);
    small_program();
}

/// FNV-1a, 64 bits: enough to tell versions apart that nobody makes on purpose.
struct Sum(u64);

impl Sum {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

fn add(path: &Path, sum: &mut Sum) {
    if path.is_dir() {
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
        inside.sort();
        inside.iter().for_each(|path| add(path, sum));
    } else if let Ok(bytes) = std::fs::read(path) {
        sum.add(path.to_string_lossy().replace('\\', "/").as_bytes());
        sum.add(&bytes);
    }
}

fn small_program() {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    // The toolchain's linker on this target is LLVM's.
    if variable("TARGET") != "x86_64-unknown-linux-gnu" || variable("PROFILE") != "release" {
        return;
    }
    // Functions that came out alike are kept once. Symbols go here, because cargo keeps them (`strip=debuginfo`) where a package has a profile
    // of its own.
    let mut flags = vec!["--icf=all", "-s"];
    if variable("HOST") == variable("TARGET") && libc_unpacks_relocations() {
        flags.push("-z,pack-relative-relocs");
    }
    for flag in flags {
        println!("cargo::rustc-link-arg-bins=-Wl,{flag}");
    }
}

/// From version 2.36 on, the C library of this machine can load a program whose relocations are packed.
fn libc_unpacks_relocations() -> bool {
    let told = Command::new("getconf").arg("GNU_LIBC_VERSION").output().map(|o| o.stdout).unwrap_or_default();
    let version = String::from_utf8_lossy(&told).trim().rsplit(' ').next().map(str::to_owned).unwrap_or_default();
    let mut parts = version.split('.').map_while(|part| part.parse::<u32>().ok());
    (parts.next(), parts.next()) >= (Some(2), Some(36))
}
