-- Takes leases for connections of one node. It is alive, so this renews its other leases in their shards, too.
-- KEYS      for each lease the user's hash, deadlines, dirty, outbox, seen and nodes
-- ARGV[1] lease, ms   ARGV[2] most connections of a user   ARGV[3] node
-- ARGV      for each lease the user id, the connection id and the prefix of nodes' hashes (same slot)
-- Returns for each { outcome, version, lastSeen, spared }; outcome: 1 the user came online, 0 was online before, -1 has too many, -2 failed;
-- spared: 1 when only the grace of a lost connection had kept the user online.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease, most, node = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]

local function acquire(held, deadlines, dirty, outbox, seen, nodes, user, id, leasesOf)
  local connection = 'c:' .. id
  local version, live, known = 0, 0, false
  -- The two lost connections whose grace ends last.
  local graced, gracedUntil, nextGraceUntil
  local entries = redis.call('HGETALL', held)
  for i = 1, #entries, 2 do
    local name, value = entries[i], entries[i + 1]
    if name == 'v' then
      version = tonumber(value)
    elseif name == connection then
      known = true
    elseif string.sub(name, 1, 2) == 'c:' then
      if tonumber(redis.call('ZSCORE', nodes, value) or 0) > now then
        live = live + 1
      else
        redis.call('HDEL', held, name)
        redis.call('HDEL', leasesOf .. value, string.sub(name, 3))
      end
    else
      local ends = tonumber(value)
      if ends <= now then
        redis.call('HDEL', held, name)
      elseif not gracedUntil or ends > gracedUntil then
        graced, gracedUntil, nextGraceUntil = name, ends, gracedUntil
      else
        nextGraceUntil = math.max(nextGraceUntil or 0, ends)
      end
    end
  end
  if not known and live >= most then return { -1, version, now, 0 } end

  -- A new connection takes the place of one that was lost; the others keep their grace.
  local spared = 0
  if graced and not known then
    redis.call('HDEL', held, graced)
    if live == 0 and not nextGraceUntil then spared = 1 end
  end

  redis.call('HSET', held, connection, node)
  redis.call('HSET', leasesOf .. node, id, user)
  redis.call('ZADD', nodes, now + lease, node)
  local wasOnline = redis.call('ZADD', deadlines, '+inf', user) == 0
  redis.call('ZADD', seen, 'GT', now, user)
  if wasOnline and version > 0 then return { 0, version, now, spared } end

  -- The last version, where the user left a moment ago. Never below the clock: so versions go on growing after Redis has
  -- forgotten the last one.
  local pending = redis.call('HGET', dirty, user)
  if pending then version = math.max(version, tonumber(string.match(pending, '|(%d+)$'))) end
  version = math.max(version, tonumber(redis.call('ZSCORE', outbox, user) or 0))
  version = math.max(version + 1, now)
  redis.call('HSET', held, 'v', version)
  redis.call('HSET', dirty, user, string.format('%d|1|%d', now, version))
  redis.call('ZADD', outbox, version, user)
  return { 1, version, now, spared }
end

local out = {}
for i = 1, #KEYS / 6 do
  local k, a = 6 * i, 3 + 3 * i
  local ok, row =
    pcall(acquire, KEYS[k - 5], KEYS[k - 4], KEYS[k - 3], KEYS[k - 2], KEYS[k - 1], KEYS[k], ARGV[a - 2], ARGV[a - 1], ARGV[a])
  -- Of a user whose keys are not what they should be: the others are none the worse for it.
  out[i] = ok and row or { -2 }
end
return out
