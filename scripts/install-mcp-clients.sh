#!/bin/sh
# Installs, below target/, the two clients of the Model Context Protocol that the tests drive: its Python SDK and its inspector. What can't be
# installed is told, and its tests are skipped.

set -eu
cd "$(dirname "$0")/.."
to="${CARGO_TARGET_DIR:-target}/mcp-clients"
mkdir -p "$to"
if ! cmp -s tests/mcp/requirements.txt "$to/requirements.txt"; then
  if python3 -m venv "$to/python" >/dev/null 2>&1 && "$to/python/bin/pip" install -q --disable-pip-version-check -r tests/mcp/requirements.txt; then
    cp tests/mcp/requirements.txt "$to/requirements.txt"
  else
    echo "The Python client can't be installed (python3 with venv and PyPI are needed); its tests are skipped." >&2
  fi
fi
inspector="@modelcontextprotocol/inspector@0.15.0"
if [ "$(cat "$to/inspector" 2>/dev/null)" != "$inspector" ]; then
  if command -v npm >/dev/null 2>&1 && npm install --silent --no-audit --no-fund --prefix "$to" "$inspector" >/dev/null 2>&1; then
    echo "$inspector" >"$to/inspector"
  else
    echo "The inspector can't be installed (npm and its registry are needed); its test is skipped." >&2
  fi
fi
