//! Keeps the program small: what the linker can do about it.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
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
