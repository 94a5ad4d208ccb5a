# The account of the service: made by systemd's own tool where there is one, by useradd in a container. Both make the same one.
make_account() {
    if ! getent passwd pgrouted >/dev/null; then
        if command -v systemd-sysusers >/dev/null && [ -e /usr/lib/sysusers.d/pgrouted.conf ]; then
            systemd-sysusers pgrouted.conf
        else
            getent group pgrouted >/dev/null || groupadd --system pgrouted
            useradd --system --gid pgrouted --home-dir /var/lib/pgrouted --no-create-home --shell /usr/sbin/nologin \
                --comment 'Keeps PostgreSQL traffic on the right server' pgrouted
        fi
    fi
}

# HAProxy's packages make the group whose members may use its socket. Gives 0 only where pgrouted was not in it before.
join_haproxy() {
    getent group haproxy >/dev/null || return 1
    case " $(id -nG pgrouted) " in
        *' haproxy '*) return 1 ;;
    esac
    usermod --append --groups haproxy pgrouted
    echo 'pgrouted: its user is a member of the group haproxy now, and so may use the socket of HAProxy.'
}
