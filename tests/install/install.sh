#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# usage: install.sh CMAKE BUILD_DIRECTORY PREFIX
# Installs, moves what was installed to PREFIX (nothing in it may know where it was), and looks
# whether all is there.
set -eu
cmake=$1 build=$2 prefix=$3

rm -rf "$prefix" "$prefix.first"
"$cmake" --install "$build" --prefix "$prefix.first" >/dev/null
mv "$prefix.first" "$prefix"

for file in include/pool9/pool.hpp include/pool9-bsd/sys/pool.h lib*/libpool9.a \
  lib*/libpool9.so.1 lib*/pkgconfig/pool9.pc lib*/pkgconfig/pool9-bsd.pc share/man/man3/pool.3; do
  # shellcheck disable=SC2086  # the pattern is meant
  if ! ls "$prefix"/$file >/dev/null; then
    exit 1
  fi
done
if [ -e "$prefix/include/sys" ]; then
  echo "sys/pool.h is where every program would find it"
  exit 1
fi
if grep -rn "$prefix.first" "$prefix"; then
  echo "the lines above name the place of installation"
  exit 1
fi
