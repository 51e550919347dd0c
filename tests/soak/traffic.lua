-- SPDX-License-Identifier: BSD-2-Clause
-- wrk's part: each thread asks for all files in turn, and the last line tells what went wrong.
local requests, at = {}, 0

function init(arguments)
  for _, name in ipairs(arguments) do
    requests[#requests + 1] = wrk.format("GET", name)
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    '{"requests": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d, "status": %d, ' ..
    '"median_ms": %.1f, "slowest_ms": %.1f}\n',
    summary.requests, e.connect, e.read, e.write, e.timeout, e.status,
    latency:percentile(50) / 1000, latency.max / 1000))
end
