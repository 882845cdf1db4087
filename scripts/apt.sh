#!/usr/bin/env bash
# apt.sh COMMAND PACKAGE...: if COMMAND is missing, install the packages where we may (root, or sudo
# without a password). Never asks; fails quietly with a word on stderr where it cannot.
set -euo pipefail
command=$1
shift
if command -v "$command" >/dev/null; then exit 0; fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then as_root=(sudo -n); fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "'$command' is missing and cannot be installed here; going on without it." >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq </dev/null
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" </dev/null >/dev/null
