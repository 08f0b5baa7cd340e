-- Whether an attempt may begin, and when: the breaker's rule and the throttle's, as in
-- src/policy/breaker.rs and src/policy/throttle.rs, on this server's clock.
--
-- KEYS: breaker (hash), probes (sorted set by the end of their leases), throttle (string), announced
--       (hash, see record.lua)
-- ARGV: open_ms (0: no breaker), probes, lease_ms, token, interval_us (0: no throttle), burst,
--       max_wait_us, whether the vendor's announced limits count (0, 1)
-- Gives {what, time, epoch, is_probe, is_paced}: pass (time: microseconds to wait), open, probing
-- (milliseconds until it is worth asking again), throttled (microseconds); is_paced where an
-- announced limit slows calls down.
local time = redis.call('TIME')
local now_us = tonumber(time[1]) * 1000000 + tonumber(time[2])
local now_ms = math.floor(now_us / 1000)
local open_ms, probes, lease_ms, token = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local interval_us, burst, max_wait_us = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
-- Forgotten long after the last use.
local KEEP_MS = 2 * 3600 * 1000

local function whole(number)
  return string.format('%.0f', number)
end

local epoch, is_probe = 0, 0
if open_ms > 0 then
  local phase = redis.call('HMGET', KEYS[1], 'state', 'epoch', 'since')
  local state, since = phase[1] or 'closed', tonumber(phase[3] or '0')
  epoch = tonumber(phase[2] or '0')
  if state == 'open' then
    local left = since + open_ms - now_ms
    if left > 0 then
      return { 'open', whole(left), epoch, 0, 0 }
    end
    epoch = epoch + 1
    state = 'half_open'
    redis.call('HSET', KEYS[1], 'state', state, 'epoch', epoch, 'since', whole(now_ms), 'done', 0, 'failed', 0, 'slow', 0)
    redis.call('PEXPIRE', KEYS[1], KEEP_MS)
    redis.call('DEL', KEYS[2])
  end
  if state == 'half_open' then
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', whole(now_ms))
    local done = tonumber(redis.call('HGET', KEYS[1], 'done') or '0')
    if redis.call('ZCARD', KEYS[2]) + done >= probes then
      local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
      local left = first[2] and tonumber(first[2]) - now_ms or 1
      return { 'probing', whole(math.max(left, 1)), epoch, 0, 0 }
    end
    is_probe = 1
  end
end

-- Both paces are asked before either is moved on: an attempt that is refused takes no turn.
local wait_us, next_us, paced_us, pace_us = 0, 0, 0, 0
if interval_us > 0 then
  next_us = tonumber(redis.call('GET', KEYS[3]) or '0')
  wait_us = math.max(next_us - (burst - 1) * interval_us - now_us, 0)
end
if ARGV[8] == '1' then
  local announced = redis.call('HMGET', KEYS[4], 'interval_us', 'until_us', 'next_us')
  if announced[1] and tonumber(announced[2]) > now_us then
    pace_us, paced_us = tonumber(announced[1]), tonumber(announced[3])
    wait_us = math.max(wait_us, paced_us - now_us)
  end
end
if wait_us > max_wait_us then
  return { 'throttled', whole(wait_us), epoch, 0, 0 }
end
local turn_us = now_us + wait_us
if interval_us > 0 then
  next_us = math.max(next_us, turn_us) + interval_us
  local keep_ms = math.ceil((next_us - now_us) / 1000) + 1000
  redis.call('SET', KEYS[3], whole(next_us), 'PX', whole(keep_ms))
end
if pace_us > 0 then
  redis.call('HSET', KEYS[4], 'next_us', whole(turn_us + pace_us))
end
if is_probe == 1 then
  redis.call('ZADD', KEYS[2], whole(now_ms + lease_ms), token)
  redis.call('PEXPIRE', KEYS[2], KEEP_MS)
end
return { 'pass', whole(wait_us), epoch, is_probe, pace_us > 0 and 1 or 0 }
