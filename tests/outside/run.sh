#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# usage: run.sh SUITES PREFIX
# Compiles and runs other libraries' tests of pools over the pool9 that is installed in PREFIX; the
# README beside this says which, and where in SUITES they are.
set -eu
suites=$1 prefix=$2
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
library=$(ls "$prefix"/lib*/libpool9.a)
n_failed=0
# Differences that are meant: decision 0012 has the reason of each.
meant="118681.cc multithreaded.cc test_bug_2696.cpp test_bug_6701.cpp"

# Compiles and runs one file; further arguments are the compiler's.
try() {
  name=$1 file=$2
  shift 2
  # shellcheck disable=SC2086  # the flags are words
  if ${CXX:-g++} -std=c++20 -w ${CXXFLAGS:-} "$@" -I"$prefix/include" "$file" "$library" -pthread \
    -o "$work/test" >"$work/log" 2>&1 && (timeout 120 "$work/test") >"$work/log" 2>&1; then
    echo "passed  $name"
    return
  fi
  case " $meant " in
    *" $(basename "$file") "*) echo "differs $name" ;;
    *)
      n_failed=$((n_failed + 1))
      echo "FAILED  $name"
      ;;
  esac
  grep -m 1 -E 'error|[Aa]ssertion|failed|pool9' "$work/log" | cut -c 1-160 || true
}

# Copies the file to the folder, with our resources' names.
rename() {
  mkdir -p "$2"
  {
    echo '#include <pool9/memory_resource.hpp>'
    sed -e 's/std::pmr::\(un\)\{0,1\}synchronized_pool_resource/pool9::\1synchronized_pool_resource/g' \
      -e 's/\bsynchronized_pool_resource\b/pool_resource/g' "$1"
  } >"$2/$(basename "$1")"
}

for file in "$suites"/libcxx/test/std/utilities/utility/mem.res/mem.res.pool/*/*.cpp; do
  [ -e "$file" ] || continue
  rename "$file" "$work/libcxx"
  try "libc++ $(basename "$file")" "$work/libcxx/$(basename "$file")" -I"$suites/libcxx/test/support"
done
for kind in synchronized unsynchronized; do
  folder=$suites/libstdc++-v3/testsuite
  for file in "$folder/20_util/${kind}_pool_resource"/*.cc; do
    [ -e "$file" ] || continue
    rename "$file" "$work/${kind}_pool_resource"  # some include one another
  done
  for file in "$work/${kind}_pool_resource"/*.cc; do
    [ -e "$file" ] || continue
    try "libstdc++ $kind $(basename "$file")" "$file" -I"$folder/util"
  done
done
for file in "$suites"/pool/test/test_*.cpp; do
  case $file in
    */test_gcd_lcm.cpp | */test_simple_seg_storage.cpp) continue ;;  # of what we have not
    */test_poisoned_macros.cpp) continue ;;                          # of that, too, in part
    */test_valgrind_fail_*.cpp) continue ;;                          # which are to be stopped
  esac
  [ -e "$file" ] || continue
  try "Boost.Pool $(basename "$file")" "$file" -I"$here"
done
echo "$n_failed failed"
[ $n_failed = 0 ]
