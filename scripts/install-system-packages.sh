#!/bin/sh
# Installs what the build and the demo need and is missing: Tesseract with its English and orientation data, Leptonica, clang for the
# bindings, pkg-config. With `tests`, also what the tests drive: Chromium and its WebDriver, the NATS server. Debian and Ubuntu only; elsewhere it says what to
# install.

set -eu
want="pkg-config clang libclang-dev libleptonica-dev libtesseract-dev tesseract-ocr tesseract-ocr-eng tesseract-ocr-osd"
[ "${1:-}" != tests ] || want="$want chromium chromium-driver nats-server"

missing=""
for package in $want; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing="$missing $package"
done
if ! command -v cargo >/dev/null 2>&1; then
  echo "Rust is missing: install it from https://rustup.rs (version 1.92 or newer), then try again." >&2
  exit 1
fi
[ -n "$missing" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
  echo "These are missing, and there is no apt-get to install them with:$missing" >&2
  exit 1
fi
echo "Installing:$missing"
if [ "$(id -u)" = 0 ]; then sudo=""; else sudo="sudo"; fi
if [ -n "$sudo" ] && ! command -v sudo >/dev/null 2>&1; then
  echo "Run this as root: apt-get install$missing" >&2
  exit 1
fi
$sudo apt-get update -qq
# shellcheck disable=SC2086 # the list is meant to be split
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
