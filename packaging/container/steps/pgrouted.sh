#!/bin/sh
# Image, second stage: installs our .deb from the folder given, as on any server, and makes ready what was copied beside it.
set -eu
from=$1
export DEBIAN_FRONTEND=noninteractive

apt-get -q update
apt-get -q -y --no-install-recommends install "$from"/pgrouted_*.deb
apt-get -q clean
rm -rf /var/lib/apt/lists/*
# The group that may use HAProxy's sockets, should the package have left that to its unit.
usermod --append --groups haproxy pgrouted
rm -rf "$from"
chmod 755 /usr/local/bin/* /etc/service/*/run /etc/service/*/log/run
pgrouted --version
