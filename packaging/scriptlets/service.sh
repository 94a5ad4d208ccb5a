# Whether the service would start: its own command line and environment, put to check-config, as its own user. Prints what is wrong.
configuration_is_valid() {
    # Nothing of the environment of whoever installs. Options unquoted: systemd splits them at spaces, too.
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/var/lib/pgrouted sh -c '
        set -a
        if [ -r /etc/default/pgrouted ]; then . /etc/default/pgrouted; fi
        # Where systemd lays what a drop-in names by LoadCredential=, while the service runs.
        if [ -d /run/credentials/pgrouted.service ]; then CREDENTIALS_DIRECTORY=/run/credentials/pgrouted.service; fi
        exec setpriv --reuid pgrouted --regid pgrouted --init-groups -- /usr/bin/pgrouted check-config $PGROUTED_OPTS
    ' 2>&1 >/dev/null
}

service_runs() {
    [ -d /run/systemd/system ] || return 1
    case "$(systemctl show --property=ActiveState --value pgrouted.service)" in
        active | activating | reloading) return 0 ;;
    esac
    return 1
}

# Replaces the running program by the one that was just installed. HAProxy keeps what it holds meanwhile. A router that runs is worth more than
# a new one that would not start: then the old one goes on.
restart_if_running() {
    service_runs || return 0
    if trouble=$(configuration_is_valid); then
        restart_service || echo 'pgrouted: could not be restarted; `journalctl -u pgrouted` tells why.' >&2
    else
        cat >&2 <<END

pgrouted: NOT RESTARTED. The program that was installed does not accept the configuration, so the one from before goes on running:
$trouble
It will not start again like this, after a reboot either. Mend the configuration, then:
  pgrouted check-config && systemctl restart pgrouted

END
    fi
}
