-- Records of one kind, oldest due first within each state: a list of rows, each its key, its
-- columns and its payload.
--
-- KEYS[1]: the prefix. ARGV: kind, after (a score, or "-inf"), after's key, until (a score, or
-- "+inf"), limit, has scope, scope, with payload, then the states.
local prefix = KEYS[1] .. ':' .. ARGV[1]
local from, behind, til, limit = ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local columns = {'scope', 'label', 'state', 'version', 'due', 'lease', 'token', 'attempts', 'checksum',
  'created', 'updated', 'detail'}
if ARGV[8] == '1' then columns[13] = 'payload' end

-- Those that are due at the very moment where the walk left off come again, up to its key.
local function keys_of(list)
  local keys, offset = {}, 0
  repeat
    local part = redis.call('ZRANGEBYSCORE', list, from, til, 'WITHSCORES', 'LIMIT', offset, limit)
    for number = 1, #part, 2 do
      local again = tonumber(part[number + 1]) == tonumber(from) and part[number] <= behind
      if not again and #keys < limit then keys[#keys + 1] = part[number] end
    end
    offset = offset + limit
  until #keys >= limit or #part < 2 * limit
  return keys
end

local rows = {}
for number = 9, #ARGV do
  local list = prefix .. ':due:' .. ARGV[number]
  if ARGV[6] == '1' then list = prefix .. ':of:' .. ARGV[number] .. '\0' .. ARGV[7] end
  for _, key in ipairs(keys_of(list)) do
    local row = redis.call('HMGET', prefix .. ':r:' .. key, unpack(columns))
    table.insert(row, 1, key)
    rows[#rows + 1] = row
  end
end
return rows
