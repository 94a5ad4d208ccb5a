#!/bin/sh
# Lays pgrouted down on a machine with neither dpkg nor rpm. Run as root; INSTALL tells what it does.
set -e

cd "$(dirname "$0")"
#include account.sh
#include service.sh
restart_service() { systemctl try-restart pgrouted.service; }

if [ "$(id -u)" -ne 0 ]; then
    echo 'install.sh: only root may do this; try: sudo ./install.sh' >&2
    exit 1
fi
# Two kinds of installation in one place would undo one another.
if { command -v dpkg-query >/dev/null && dpkg-query --show pgrouted >/dev/null 2>&1; } ||
    { command -v rpm >/dev/null && rpm --query pgrouted >/dev/null 2>&1; }; then
    echo 'install.sh: pgrouted is installed as a package here; upgrade that, or remove it first.' >&2
    exit 1
fi

if ! tree/usr/bin/pgrouted --version >/dev/null; then
    cat >&2 <<'END'
install.sh: the program does not run here; why stands above. Where a library is missing:
  Debian, Ubuntu: apt install libatomic1 libstdc++6      RHEL, Fedora: dnf install libatomic libstdc++      SUSE: zypper install libatomic1 libstdc++6
END
    exit 1
fi

# lay MODE FROM TO: beside it first, then in its place at once, since the program may be running.
lay() {
    mkdir -p "$(dirname "/$3")"
    cp -P --preserve=timestamps "tree/$2" "/$3.laying"
    if [ ! -L "/$3.laying" ]; then chmod "$1" "/$3.laying"; fi
    mv -f "/$3.laying" "/$3"
}

umask 022
while read -r mode path; do lay "$mode" "$path" "$path"; done <files
while read -r mode path; do
    if [ ! -e "/$path" ]; then
        lay "$mode" "$path" "$path"
    elif ! cmp -s "tree/$path" "/$path"; then
        lay "$mode" "$path" "$path.new"
        echo "pgrouted: /$path is kept; the one of this version is /$path.new"
    fi
done <configuration

make_account
for file in /etc/pgrouted /etc/pgrouted/pgrouted.yaml; do
    if [ "$(stat -c %G "$file")" = root ]; then chgrp pgrouted "$file"; fi
done
chmod o-rwx /etc/pgrouted
join_haproxy || true
if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create pgrouted.conf || true; fi
if command -v systemctl >/dev/null; then
    if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
    systemctl enable pgrouted.service
fi
restart_if_running
echo 'pgrouted: installed. Write /etc/pgrouted/pgrouted.yaml, then: pgrouted check-config && systemctl start pgrouted'
