-- Ends what nobody renewed in one shard.
-- KEYS[1] deadlines   KEYS[2] dirty
-- ARGV[1] most users in one call   ARGV[2] lease, ms   ARGV[3] prefix of the users' hashes (same slot)
-- Returns a flat list: user id, version, lastSeen of each who went offline.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = tonumber(ARGV[2])
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, tonumber(ARGV[1]))
local gone = {}
for i = 1, #due, 2 do
  local user, deadline = due[i], tonumber(due[i + 1])
  local key = ARGV[3] .. user
  local entries = redis.call('HGETALL', key)
  local version, seen, renewed = 0, 0, 0
  for j = 1, #entries, 2 do
    local name, value = entries[j], tonumber(entries[j + 1])
    if name == 'v' then version = value
    elseif name == 's' then seen = value
    elseif name ~= 'g' then renewed = math.max(renewed, value - lease) end
  end
  seen = math.max(seen, renewed)
  -- The hash is gone when no sweeper ran for long: the deadline still tells the last renewal.
  if seen == 0 then seen = deadline - lease end
  version = math.max(version + 1, now)
  redis.call('ZREM', KEYS[1], user)
  redis.call('DEL', key)
  redis.call('HSET', KEYS[2], user, string.format('%d|0|%d', seen, version))
  gone[#gone + 1] = user
  gone[#gone + 1] = version
  gone[#gone + 1] = seen
end
return gone
