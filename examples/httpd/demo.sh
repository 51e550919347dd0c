#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Runs the file server under four times more clients than it serves at a time, shows what it
# reports, and judges: `demo.sh PATH_TO_HTTPD`.  About 20 seconds; exits with 0 if all is well.
set -u
export LC_ALL=C

httpd=${1:?usage: demo.sh PATH_TO_HTTPD}
root=${DEMO_ROOT:-/usr/share/doc}
limit=100
seconds=15
report=3
n_files=200
largest=64k

dir=$(mktemp -d) || exit 1
server=
viewer=

clean_up() {
  for pid in $server $viewer; do kill "$pid" 2>/dev/null; done
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM HUP

fail() {
  echo "demo: FAILED - $*"
  exit 1
}

# `value NAME FILE`: the number after "NAME=" in the last line of FILE that has one.
value() {
  sed -n "s/.*[ :]$1=\([0-9.]*\).*/\1/p" "$2" | tail -n 1
}

# Every so many of the files below $root, so that all sizes and directories have their share.
list_files() {
  (cd "$root" 2>/dev/null && find . -type f -size "-$largest" ! -size 0) |
    sed 's/^\.//' | grep '^[A-Za-z0-9._/+~-]*$' | sort >"$dir/all"
  total=$(wc -l <"$dir/all")
  step=$((total / n_files))
  [ "$step" -gt 0 ] || step=1
  awk -v step="$step" -v n="$n_files" 'NR % step == 0 && ++taken <= n' "$dir/all" >"$dir/files"
}

# The traffic: each thread asks for all files in turn, and says in the end what went wrong.
write_traffic() {
  cat >"$dir/traffic.lua" <<'LUA'
local requests, at = {}, 0
function init(arguments)
  for path in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    "client: requests=%d connect=%d read=%d write=%d timeout=%d status=%d slowest_ms=%.1f\n",
    summary.requests, e.connect, e.read, e.write, e.timeout, e.status, latency.max / 1000))
end
LUA
}

# The server's output goes to the screen and to a file; its first line says where it listens.
start_server() {
  mkfifo "$dir/output" || fail "no fifo"
  "$httpd" --root "$root" --port 0 --limit $limit --report $report >"$dir/output" &
  server=$!
  exec 3<"$dir/output"
  IFS= read -r first <&3 || fail "the server did not start"
  echo "$first"
  url=$(echo "$first" | sed -n 's|.* at \(http://[^ ]*\)/ .*|\1|p')
  [ -n "$url" ] || fail "the server does not say where it listens"
  tee "$dir/report" <&3 &
  viewer=$!
  exec 3<&-
}

drive() {
  echo "demo: $((limit * 4)) clients ask for $(wc -l <"$dir/files") files for $seconds seconds"
  wrk -t2 -c $((limit * 4)) -d ${seconds}s --latency --timeout 30s -s "$dir/traffic.lua" "$url" \
    -- "$dir/files" >"$dir/wrk" 2>&1 || fail "wrk: $(cat "$dir/wrk")"
}

stop_server() {
  kill -TERM "$server" 2>/dev/null
  wait "$server"
  status=$?
  server=
  wait "$viewer"
  viewer=
}

# `expect WHAT SEEN TEST WANTED`: a broken promise goes to $why, unless one is there already.
expect() {
  [ -z "$why" ] || return
  if [ -z "$2" ]; then
    why="$1: not reported"
  elif ! [ "$2" "$3" "$4" ]; then
    why="$1: $2"
  fi
}

# Sets $why to the first promise that was not kept, or to nothing.
judge() {
  why=
  expect "exit status of the server" "$status" -eq 0
  for error in connect read write timeout; do
    expect "clients that met a $error error" "$(value $error "$dir/wrk")" -eq 0
  done
  expect "replies that were no success" "$(value status "$dir/wrk")" -eq 0
  expect "requests" "$requests" -gt 0
  expect "errors of the server" "$errors" -eq 0
  expect "connections refused by the pool" "$(value fails "$dir/report")" -eq 0
  expect "clients that had to wait" "$(value waits "$dir/report")" -gt 0
  expect "most connections at a time, with a limit of $limit" "$(value peak_out "$dir/report")" \
    -eq $limit
  expect "items that are not back in their pools" "$(value left_out "$dir/report")" -eq 0
  [ -n "$why" ] || is_flat || why="resident size: $before MiB, then $after MiB"
}

# From the second report (everything is warm) to the last: under 2 MiB or a tenth.
is_flat() {
  [ -n "$before" ] && [ -n "$after" ] && awk -v a="$before" -v b="$after" \
    'BEGIN { exit !(b - a < 2 || b - a < a / 10) }'
}

[ -x "$httpd" ] || fail "there is no program $httpd"
command -v wrk >/dev/null || fail "wrk is not installed"
# shellcheck disable=SC3045  # dash and every other sh of Linux knows -n
ulimit -n "$(ulimit -Hn)" 2>/dev/null
list_files
[ "$(wc -l <"$dir/files")" -ge 10 ] || fail "there are not even 10 files below $root to serve"
write_traffic
start_server
drive
stop_server
echo
sed '/^client:/d' "$dir/wrk"
echo

sed -n 's/.*resident \([0-9.]*\) MiB.*/\1/p' "$dir/report" >"$dir/resident"
before=$(sed -n 2p "$dir/resident")
after=$(tail -n 1 "$dir/resident")
requests=$(value requests "$dir/wrk")
errors=$(value errors "$dir/report")
judge
[ -z "$why" ] || fail "$why"
echo "demo: ok - $requests requests, $errors errors, nobody refused, $limit connections at most," \
  "resident $before -> $after MiB, longest wait $(value longest_wait_ms "$dir/report") ms"
