-- The request, and the figures as one line of JSON: wrk itself prints no 99.9th percentile.
local body = os.getenv("BENCH_BODY")

wrk.method = "POST"
wrk.path = "/estimate"
wrk.body = body
wrk.headers["Content-Type"] = "application/json"

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'figures {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "p99_9_ms": %.4f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency:percentile(99.9) / 1000,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
