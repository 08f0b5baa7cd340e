-- Counts by state and scope: a flat list of "state\0scope", how many, the oldest due time.
-- Names of which nothing is left are forgotten on the way.
--
-- KEYS[1]: the prefix. ARGV: kind.
local prefix = KEYS[1] .. ':' .. ARGV[1]
local counts = {}
for _, name in ipairs(redis.call('SMEMBERS', prefix .. ':names')) do
  local oldest = redis.call('ZRANGE', prefix .. ':of:' .. name, 0, 0)
  if oldest[1] then
    counts[#counts + 1] = name
    counts[#counts + 1] = redis.call('ZCARD', prefix .. ':of:' .. name)
    counts[#counts + 1] = redis.call('HGET', prefix .. ':r:' .. oldest[1], 'due')
  else
    redis.call('SREM', prefix .. ':names', name)
  end
end
return counts
