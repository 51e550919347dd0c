#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# usage: pkg_config.sh static|shared PREFIX SOURCES CC CXX
# Compiles and runs the consumer's programs with nothing but what pkg-config says.
set -eu
kind=$1 prefix=$2 sources=$3 cc=$4 cxx=$5

PKG_CONFIG_PATH=$(dirname "$prefix"/lib*/pkgconfig/pool9.pc)
export PKG_CONFIG_PATH
if pkg-config --exists 'pool9 >= 0.2'; then
  echo "a version that is too new was not refused"
  exit 1
fi
pkg-config --exists 'pool9 >= 0.1.0' 'pool9-bsd >= 0.1.0'

case $kind in
  static) static=--static link=-static ;;
  shared) static='' link=-Wl,-rpath,${PKG_CONFIG_PATH%/pkgconfig} ;;
esac
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2046,SC2086  # what pkg-config prints is words
{
  "$cxx" -std=c++20 -o "$work/use_cpp" "$sources/use.cpp" \
    $(pkg-config $static --cflags --libs pool9) $link
  "$cc" -o "$work/use_c" "$sources/use.c" $(pkg-config $static --cflags --libs pool9-bsd) $link
}
for program in use_cpp use_c; do
  "$work/$program"
  if ldd "$work/$program" 2>&1 | grep -q libpool9.so.1; then linked=shared; else linked=static; fi
  if [ $linked != "$kind" ]; then
    echo "$program: linked $linked"
    exit 1
  fi
done
