-- Applies groups of writes, each as a whole or not at all; one step for everybody else.
--
-- KEYS[1]: the prefix, in braces: all keys of a store are in one slot of a cluster.
-- ARGV: writer, number of this write, how many groups may be applied, number of groups, then for
-- each group: number of checks, (kind, key, version) each, number of writes, then the writes:
--   put  kind key + 12 columns + has payload + payload    a new record
--   set  kind key + 9 columns + has payload + payload     what a replacement changes
--   del  kind key                                         record and payload
--   wipe kind key                                         payload alone
-- A version of 0 says that the record must not be there. Answers with a "1" or "0" for each group.
--
-- The answer is kept for its writer until its next write: a writer that lost the answer asks again
-- with the same number and gets it, and nothing is written twice.
local prefix, at = KEYS[1], 4
local writer = prefix .. ':writer:' .. ARGV[1]
local last = redis.call('HMGET', writer, 'number', 'answer')
if last[1] == ARGV[2] then return last[2] end

local function take(count)
  local from = at + 1
  at = at + count
  return unpack(ARGV, from, at)
end

local function row_of(kind, key) return prefix .. ':' .. kind .. ':r:' .. key end

local function unlist(kind, key, state, scope)
  redis.call('ZREM', prefix .. ':' .. kind .. ':due:' .. state, key)
  redis.call('ZREM', prefix .. ':' .. kind .. ':of:' .. state .. '\0' .. scope, key)
end

local function list(kind, key, state, scope, due)
  redis.call('ZADD', prefix .. ':' .. kind .. ':due:' .. state, due, key)
  redis.call('ZADD', prefix .. ':' .. kind .. ':of:' .. state .. '\0' .. scope, due, key)
  redis.call('SADD', prefix .. ':' .. kind .. ':names', state .. '\0' .. scope)
end

local function keep_payload(row)
  local has, payload = take(2)
  if has == '1' then redis.call('HSET', row, 'payload', payload) end
end

-- A server whose memory is full refuses the first write of a script if it is one that may grow, and
-- none after it: so growing writes begin with the one that grows, and deleting always works.
local writes = {}
function writes.put(applies)
  local kind, key, scope, label, state, version, due, lease, token, attempts, checksum, created, updated, detail = take(14)
  if not applies then return take(2) end
  local row = row_of(kind, key)
  redis.call('HSET', row, 'scope', scope, 'label', label, 'state', state, 'version', version, 'due', due,
    'lease', lease, 'token', token, 'attempts', attempts, 'checksum', checksum, 'created', created,
    'updated', updated, 'detail', detail)
  keep_payload(row)
  list(kind, key, state, scope, due)
end
function writes.set(applies)
  local kind, key, state, version, due, lease, token, attempts, checksum, updated, detail = take(11)
  if not applies then return take(2) end
  local row = row_of(kind, key)
  local was = redis.call('HMGET', row, 'state', 'scope')
  redis.call('HSET', row, 'state', state, 'version', version, 'due', due, 'lease', lease, 'token', token,
    'attempts', attempts, 'checksum', checksum, 'updated', updated, 'detail', detail)
  keep_payload(row)
  if was[1] ~= state then unlist(kind, key, was[1], was[2]) end
  list(kind, key, state, was[2], due)
end
function writes.del(applies)
  local kind, key = take(2)
  if not applies then return end
  local row = row_of(kind, key)
  local was = redis.call('HMGET', row, 'state', 'scope')
  if was[1] then unlist(kind, key, was[1], was[2]) end
  redis.call('DEL', row)
end
function writes.wipe(applies)
  local kind, key = take(2)
  if applies then redis.call('HDEL', row_of(kind, key), 'payload') end
end

local answer, left = {}, tonumber(ARGV[3])
for group = 1, tonumber(ARGV[4]) do
  local holds = left > 0
  for _ = 1, tonumber((take(1))) do
    local kind, key, version = take(3)
    local found = redis.call('HGET', row_of(kind, key), 'version') or '0'
    holds = holds and found == version
  end
  for _ = 1, tonumber((take(1))) do writes[(take(1))](holds) end
  if holds then left = left - 1 end
  answer[group] = holds and '1' or '0'
end
answer = table.concat(answer)
redis.call('HSET', writer, 'number', ARGV[2], 'answer', answer)
redis.call('EXPIRE', writer, 3600)
return answer
