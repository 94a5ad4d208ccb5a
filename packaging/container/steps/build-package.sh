#!/bin/sh
# Image, first stage: makes our .deb for this machine's architecture from the source in the current folder, and puts it into the folder given.
set -eu
to=$1

case $(dpkg --print-architecture) in
  amd64) arch=x64 ;;
  arm64) arch=arm64 ;;
  *)
    echo "pgrouted is built for amd64 and arm64; this is $(dpkg --print-architecture)" >&2
    exit 1
    ;;
esac
# --fast: it is installed at once, so that little is won by packing it well.
npm run package -- --arch "$arch" --only deb --fast
mkdir -p "$to"
cp dist/pgrouted_*.deb "$to"
