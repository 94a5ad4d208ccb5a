#!/bin/sh
# Image, second stage: what a database server has beside pgrouted, all of it Debian's. Runs as root in a plain Debian; knows nothing of Docker.
# runit keeps the programs running where there is no systemd; tini is the container's first process.
set -eu
export DEBIAN_FRONTEND=noninteractive

# Nothing is started by being installed, and there is no PostgreSQL cluster but Patroni's.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
mkdir -p /etc/postgresql-common/createcluster.d
printf 'create_main_cluster = false\n' > /etc/postgresql-common/createcluster.d/patroni.conf

# python3-etcd: which store Patroni is used with is left to us, and this is what its etcd3 is built on.
apt-get -q update
apt-get -q -y --no-install-recommends install \
  ca-certificates curl etcd-client etcd-server haproxy patroni postgresql procps python3-etcd runit tini
apt-get -q clean
rm -rf /var/lib/apt/lists/*

# The folders that Debian's services make at their start. HAProxy runs as its own user from the first instant, so its sockets are its group's.
install -d -o haproxy -g haproxy -m 2750 /run/haproxy
install -d -o postgres -g postgres -m 2775 /run/postgresql
# Patroni's file is written at the start, by the user that reads it.
install -d -o postgres -g postgres -m 755 /etc/patroni
# The user of the client that writes.
useradd --system --user-group --no-create-home --shell /usr/sbin/nologin client
