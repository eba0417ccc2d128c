-- Takes a lease for a connection. Its node is alive, so this renews the node's other leases in the shard, too.
-- KEYS[1] the user's hash   KEYS[2] deadlines   KEYS[3] dirty   KEYS[4] outbox   KEYS[5] seen
-- KEYS[6] nodes
-- ARGV[1] user id   ARGV[2] connection id   ARGV[3] lease, ms   ARGV[4] most connections of a user
-- ARGV[5] node   ARGV[6] prefix of nodes' hashes (same slot)
-- Returns { outcome, version, lastSeen, spared }; outcome: 1 the user came online, 0 was online before, -1 has too many;
-- spared: 1 when only the grace of a lost connection had kept the user online.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local user, connection, node, leasesOf = ARGV[1], 'c:' .. ARGV[2], ARGV[5], ARGV[6]

local version, live, known = 0, 0, false
-- The two lost connections whose grace ends last.
local graced, gracedUntil, nextGraceUntil
local entries = redis.call('HGETALL', KEYS[1])
for i = 1, #entries, 2 do
  local name, value = entries[i], entries[i + 1]
  if name == 'v' then
    version = tonumber(value)
  elseif name == connection then
    known = true
  elseif string.sub(name, 1, 2) == 'c:' then
    if tonumber(redis.call('ZSCORE', KEYS[6], value) or 0) > now then
      live = live + 1
    else
      redis.call('HDEL', KEYS[1], name)
      redis.call('HDEL', leasesOf .. value, string.sub(name, 3))
    end
  else
    local ends = tonumber(value)
    if ends <= now then
      redis.call('HDEL', KEYS[1], name)
    elseif not gracedUntil or ends > gracedUntil then
      graced, gracedUntil, nextGraceUntil = name, ends, gracedUntil
    else
      nextGraceUntil = math.max(nextGraceUntil or 0, ends)
    end
  end
end
if not known and live >= tonumber(ARGV[4]) then return { -1, version, now, 0 } end

-- A new connection takes the place of one that was lost; the others keep their grace.
local spared = 0
if graced and not known then
  redis.call('HDEL', KEYS[1], graced)
  if live == 0 and not nextGraceUntil then spared = 1 end
end

redis.call('HSET', KEYS[1], connection, node)
redis.call('HSET', leasesOf .. node, ARGV[2], user)
redis.call('ZADD', KEYS[6], now + tonumber(ARGV[3]), node)
local wasOnline = redis.call('ZSCORE', KEYS[2], user)
redis.call('ZADD', KEYS[2], '+inf', user)
redis.call('ZADD', KEYS[5], 'GT', now, user)
if wasOnline and version > 0 then return { 0, version, now, spared } end

-- The last version, where the user left a moment ago. Never below the clock: so versions go on growing after Redis has
-- forgotten the last one.
local pending = redis.call('HGET', KEYS[3], user)
if pending then version = math.max(version, tonumber(string.match(pending, '|(%d+)$'))) end
version = math.max(version, tonumber(redis.call('ZSCORE', KEYS[4], user) or 0))
version = math.max(version + 1, now)
redis.call('HSET', KEYS[1], 'v', version)
redis.call('HSET', KEYS[3], user, string.format('%d|1|%d', now, version))
redis.call('ZADD', KEYS[4], version, user)
return { 1, version, now, spared }
