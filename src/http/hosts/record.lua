-- What an attempt came to: the breaker's rule as in src/policy/breaker.rs, on this server's clock,
-- and what the vendor announced about its limits, as in src/segment/throttle.rs.
--
-- KEYS: breaker (hash), probes (sorted set), window (hash of buckets, or list of outcomes), announced
--       (hash: interval_us between calls, until_us when it is over, next_us when the next one fits)
-- ARGV: epoch, token of a probe (empty for none), outcome (s, f, or i for ignored), slow (0, 1),
--       rate_ppm, slow_ppm (0: slow calls do not count), min_calls, probes (0: no breaker), open_ms,
--       window_ms (0: a window of calls), window_calls, announced interval_us (empty where nothing
--       was said, 0 where there is plenty left), announced reset_us
-- Gives {state, milliseconds until it is half-open, epoch, has_opened}.
local BUCKETS, PARTS = 20, 1000000
local KEEP_MS = 2 * 3600 * 1000
local time = redis.call('TIME')
local now_ms = math.floor(tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000)
local given, token, outcome, is_slow = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4] == '1'
local rate_ppm, slow_ppm, min_calls, probes = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local open_ms, window_ms, window_calls = tonumber(ARGV[9]), tonumber(ARGV[10]), tonumber(ARGV[11])

local phase = redis.call('HMGET', KEYS[1], 'state', 'epoch', 'since')
local state, epoch, since = phase[1] or 'closed', tonumber(phase[2] or '0'), tonumber(phase[3] or '0')

local function shown(has_opened)
  local left = state == 'open' and math.max(since + open_ms - now_ms, 0) or 0
  return { state, string.format('%.0f', left), epoch, has_opened }
end

local function turn(to)
  state, epoch, since = to, epoch + 1, now_ms
  redis.call('HSET', KEYS[1], 'state', state, 'epoch', epoch, 'since', string.format('%.0f', since), 'done', 0, 'failed', 0, 'slow', 0)
  redis.call('PEXPIRE', KEYS[1], KEEP_MS)
  redis.call('DEL', KEYS[2], KEYS[3])
end

local function reaches_a_rate(failed, slow, total)
  return (failed > 0 and failed * PARTS >= total * rate_ppm)
    or (slow_ppm > 0 and slow > 0 and slow * PARTS >= total * slow_ppm)
end

local function add_to_buckets()
  local number = math.floor(now_ms * BUCKETS / window_ms)
  redis.call('HINCRBY', KEYS[3], 't' .. number, 1)
  if outcome == 'f' then redis.call('HINCRBY', KEYS[3], 'f' .. number, 1) end
  if is_slow then redis.call('HINCRBY', KEYS[3], 's' .. number, 1) end
  local sums = { t = 0, f = 0, s = 0 }
  local all = redis.call('HGETALL', KEYS[3])
  for at = 1, #all, 2 do
    local kind, bucket = string.sub(all[at], 1, 1), tonumber(string.sub(all[at], 2))
    if bucket > number - BUCKETS then
      sums[kind] = sums[kind] + tonumber(all[at + 1])
    else
      redis.call('HDEL', KEYS[3], all[at])
    end
  end
  redis.call('PEXPIRE', KEYS[3], window_ms * 2)
  return sums.t, sums.f, sums.s
end

local function add_to_calls()
  redis.call('LPUSH', KEYS[3], (outcome == 'f' and 1 or 0) + (is_slow and 2 or 0))
  redis.call('LTRIM', KEYS[3], 0, window_calls - 1)
  redis.call('PEXPIRE', KEYS[3], KEEP_MS)
  local total, failed, slow = 0, 0, 0
  for _, each in ipairs(redis.call('LRANGE', KEYS[3], 0, -1)) do
    total = total + 1
    failed = failed + tonumber(each) % 2
    slow = slow + math.floor(tonumber(each) / 2)
  end
  return total, failed, slow
end

local interval_us, reset_us = tonumber(ARGV[12]), tonumber(ARGV[13])
if interval_us == 0 then
  redis.call('DEL', KEYS[4])
elseif interval_us then
  local now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
  local whole = function(number) return string.format('%.0f', number) end
  redis.call('HSET', KEYS[4], 'interval_us', ARGV[12], 'until_us', whole(now_us + reset_us), 'next_us', whole(now_us + interval_us))
  redis.call('PEXPIRE', KEYS[4], whole(math.ceil(reset_us / 1000) + 1000))
end

if probes == 0 or epoch ~= given then
  return shown(0)
end
if token ~= '' then
  if redis.call('ZREM', KEYS[2], token) == 0 or outcome == 'i' then
    return shown(0)
  end
  local done = redis.call('HINCRBY', KEYS[1], 'done', 1)
  local failed = redis.call('HINCRBY', KEYS[1], 'failed', outcome == 'f' and 1 or 0)
  local slow = redis.call('HINCRBY', KEYS[1], 'slow', is_slow and 1 or 0)
  if reaches_a_rate(failed, slow, probes) then
    turn('open')
    return shown(1)
  elseif done >= probes then
    turn('closed')
  end
  return shown(0)
end
if outcome == 'i' or state ~= 'closed' then
  return shown(0)
end
local add = window_ms > 0 and add_to_buckets or add_to_calls
local total, failed, slow = add()
if total >= min_calls and reaches_a_rate(failed, slow, total) then
  turn('open')
  return shown(1)
end
return shown(0)
