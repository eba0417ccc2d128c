-- Makes users of one shard offline, in a new version, of whom Redis knows no state. Either MongoDB calls them online, or
-- their lastSeen is to be said anew.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] outbox   KEYS[4] sighted
-- ARGV triples: user id, version as MongoDB has it, lastSeen
-- Returns a flat list: user id, version, lastSeen of each.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = {}
for i = 1, #ARGV, 3 do
  local user = ARGV[i]
  if not redis.call('HGET', KEYS[2], user) and not redis.call('ZSCORE', KEYS[1], user) then
    local version, seen = math.max(tonumber(ARGV[i + 1]) + 1, now), tonumber(ARGV[i + 2])
    -- Learnt of late, it may have reached MongoDB after this was read there.
    seen = math.max(seen, tonumber(redis.call('HGET', KEYS[4], user) or 0))
    redis.call('HSET', KEYS[2], user, string.format('%d|0|%d', seen, version))
    redis.call('ZADD', KEYS[3], version, user)
    gone[#gone + 1] = user
    gone[#gone + 1] = version
    gone[#gone + 1] = seen
  end
end
return gone
