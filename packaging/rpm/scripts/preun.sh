# Not for an upgrade: the old program drives HAProxy until the new one can.
if [ "$1" -eq 0 ] && command -v systemctl >/dev/null; then
    if [ -d /run/systemd/system ]; then systemctl --no-reload disable --now pgrouted.service || true
    else systemctl --no-reload disable pgrouted.service || true; fi
fi
