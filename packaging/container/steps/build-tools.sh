#!/bin/sh
# Image, first stage: what `npm run package` needs of Debian to make a .deb. Runs as root in a plain Debian; knows nothing of Docker.
set -eu
export DEBIAN_FRONTEND=noninteractive

apt-get -q update
apt-get -q -y --no-install-recommends install binutils ca-certificates libatomic1 nodejs npm rpm xz-utils
