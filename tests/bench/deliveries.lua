-- Signed deliveries for wrk: each line of the file in BENCH_DELIVERIES is an id, a time and a
-- signature; the body in BENCH_BODY is the same for all. When they are used up, the rest goes
-- without a signature, is refused, and so spoils the run instead of counting as work.
local lines = {}
for line in io.lines(os.getenv("BENCH_DELIVERIES")) do lines[#lines + 1] = line end
local file = io.open(os.getenv("BENCH_BODY"), "rb")
local body = file:read("*a")
file:close()
local at = 0

request = function()
  at = at + 1
  local id, time, signature = (lines[at] or ""):match("^(%S+) (%S+) (%S+)$")
  return wrk.format("POST", nil, {
    ["Content-Type"] = "application/json", ["Webhook-Id"] = id or "used-up",
    ["Webhook-Timestamp"] = time or "0", ["Webhook-Signature"] = signature or "v1,none",
  }, body)
end
