#!/usr/bin/env bash
# Make .venv ready: a Python of at least 3.11, the locked packages, handful itself (editable).
# A C compiler builds the optional extension; without one everything works, only slower.
set -euo pipefail
cd "$(dirname "$0")/.."

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3.11 python3.12 python3.13 python3; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    echo "handful needs Python 3.11 or newer with venv; none was found. Set PYTHON=/path/to/python3." >&2
    exit 4
}

scripts/apt.sh gcc gcc libc6-dev || true
if ! .venv/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    "$(find_python)" -m venv --clear .venv
fi
export PIP_DISABLE_PIP_VERSION_CHECK=1
.venv/bin/python -m pip install --quiet --requirement requirements/lock.txt
.venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
.venv/bin/python -m pip check
