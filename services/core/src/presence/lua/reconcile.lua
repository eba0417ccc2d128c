-- Takes users of one shard offline whom MongoDB calls online and of whom Redis knows nothing.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] outbox
-- ARGV triples: user id, version and lastSeen as MongoDB has them
-- Returns a flat list: user id, version, lastSeen of each who went offline.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = {}
for i = 1, #ARGV, 3 do
  local user = ARGV[i]
  local pending = redis.call('HGET', KEYS[2], user) or '0|-|0'
  local seen, state = string.match(pending, '^(%d+)|(.)')
  if state == '-' and not redis.call('ZSCORE', KEYS[1], user) then
    local version = math.max(tonumber(ARGV[i + 1]) + 1, now)
    seen = math.max(tonumber(seen), tonumber(ARGV[i + 2]))
    redis.call('HSET', KEYS[2], user, string.format('%d|0|%d', seen, version))
    redis.call('ZADD', KEYS[3], version, user)
    gone[#gone + 1] = user
    gone[#gone + 1] = version
    gone[#gone + 1] = seen
  end
end
return gone
