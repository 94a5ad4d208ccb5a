#include account.sh
join_haproxy || true
if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create pgrouted.conf || true; fi
if [ -d /run/systemd/system ]; then systemctl daemon-reload || true; fi
if [ "$1" -eq 1 ]; then
    # What the distribution's preset says; on RHEL and Fedora that is: not enabled.
    if command -v systemctl >/dev/null; then systemctl --no-reload preset pgrouted.service || true; fi
    echo 'pgrouted: installed. Write /etc/pgrouted/pgrouted.yaml, then: pgrouted check-config && systemctl enable --now pgrouted'
fi
