-- Gives a connection's lease back.
-- KEYS[1] the user's hash   KEYS[2] deadlines   KEYS[3] dirty   KEYS[4] outbox   KEYS[5] seen
-- KEYS[6] sighted
-- ARGV[1] user id   ARGV[2] connection id   ARGV[3] ms since its last sign of life   ARGV[4] grace, ms (0: none)
-- ARGV[5] prefix of nodes' hashes (same slot)
-- Returns { changed, version, lastSeen }; changed: 1 the user went offline, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local user, leasesOf = ARGV[1], ARGV[5]
local seen, grace = now - tonumber(ARGV[3]), tonumber(ARGV[4])

local node = redis.call('HGET', KEYS[1], 'c:' .. ARGV[2])
if not node then
  -- Redis forgot it, or it ended while its node was away. That a sign of life was seen is a fact all the same.
  if redis.call('ZSCORE', KEYS[2], user) then
    redis.call('ZADD', KEYS[5], 'XX', 'GT', seen, user)
  elseif seen > tonumber(redis.call('HGET', KEYS[6], user) or 0) then
    redis.call('HSET', KEYS[6], user, seen)
  end
  return { 0, 0, 0 }
end
redis.call('HDEL', KEYS[1], 'c:' .. ARGV[2])
redis.call('HDEL', leasesOf .. node, ARGV[2])

seen = math.max(seen, tonumber(redis.call('ZSCORE', KEYS[5], user) or 0))
local version, held, gracedUntil = 0, false, 0
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local name, value = entries[i], entries[i + 1]
  if name == 'v' then version = tonumber(value)
  elseif string.sub(name, 1, 2) == 'g:' then gracedUntil = math.max(gracedUntil, tonumber(value))
  -- Of a node that is past its deadline too: after an outage it has time to renew, and the sweep knows how long.
  else held = true end
end
if grace > 0 then
  redis.call('HSET', KEYS[1], 'g:' .. ARGV[2], now + grace)
  gracedUntil = math.max(gracedUntil, now + grace)
end
if held or gracedUntil > now then
  redis.call('ZADD', KEYS[5], seen, user)
  redis.call('ZADD', KEYS[2], held and '+inf' or gracedUntil, user)
  return { 0, version, seen }
end
version = math.max(version + 1, now)
redis.call('ZREM', KEYS[2], user)
redis.call('ZREM', KEYS[5], user)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[3], user, string.format('%d|0|%d', seen, version))
redis.call('ZADD', KEYS[4], version, user)
return { 1, version, seen }
