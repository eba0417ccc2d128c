-- Gives a connection's lease back.
-- KEYS[1] the user's hash   KEYS[2] deadlines   KEYS[3] dirty
-- ARGV[1] user id   ARGV[2] connection id   ARGV[3] ms since its last sign of life   ARGV[4] grace, ms (0: none)
-- Returns { changed, version, lastSeen }; changed: 1 the user went offline, else 0.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local user = ARGV[1]
if redis.call('HDEL', KEYS[1], 'c:' .. ARGV[2]) == 0 then return { 0, 0, 0 } end

local seen, grace = now - tonumber(ARGV[3]), tonumber(ARGV[4])
local version, latest, gracedUntil = 0, 0, 0
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local name, value = entries[i], tonumber(entries[i + 1])
  if name == 'v' then version = value
  elseif name == 's' then seen = math.max(seen, value)
  elseif name == 'g' then gracedUntil = value
  else latest = math.max(latest, value) end
end
if grace > 0 then gracedUntil = math.max(gracedUntil, now + grace) end
-- A clean leave ends the grace of an earlier loss: the person has said so.
if grace == 0 then gracedUntil = 0 end
latest = math.max(latest, gracedUntil)

if latest > now then
  redis.call('HSET', KEYS[1], 's', seen, 'g', gracedUntil)
  redis.call('ZADD', KEYS[2], latest, user)
  return { 0, version, seen }
end
version = math.max(version + 1, now)
redis.call('ZREM', KEYS[2], user)
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[3], user, string.format('%d|0|%d', seen, version))
return { 1, version, seen }
