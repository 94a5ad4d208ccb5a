#!/bin/sh
# Takes away what install.sh laid down. Configuration, logs, state and the user stay, unless --purge is given.
set -e

cd "$(dirname "$0")"
if [ "$(id -u)" -ne 0 ]; then
    echo 'uninstall.sh: only root may do this; try: sudo ./uninstall.sh' >&2
    exit 1
fi

if command -v systemctl >/dev/null; then
    if [ -d /run/systemd/system ]; then systemctl stop pgrouted.service || true; fi
    systemctl disable pgrouted.service 2>/dev/null || true
fi
while read -r _ path; do
    rm -f "/$path"
    # Folders that nothing else lies in; those of the system are never empty.
    rmdir --ignore-fail-on-non-empty --parents "/$(dirname "$path")" 2>/dev/null || true
done <files
if [ "${1-}" = --purge ]; then
    while read -r _ path; do rm -f "/$path" "/$path.new"; done <configuration
    rm -rf /etc/pgrouted /var/lib/pgrouted /var/log/pgrouted
    if getent passwd pgrouted >/dev/null; then userdel pgrouted; fi
    if getent group pgrouted >/dev/null; then groupdel pgrouted; fi
fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
