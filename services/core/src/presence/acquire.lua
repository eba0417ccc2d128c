-- Takes a lease for a connection.
-- KEYS[1] the user's hash   KEYS[2] deadlines   KEYS[3] dirty
-- ARGV[1] user id   ARGV[2] connection id   ARGV[3] lease, ms   ARGV[4] most connections of a user
-- Returns { outcome, version, lastSeen }; outcome: 1 the user came online, 0 was online before, -1 has too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local user, field = ARGV[1], 'c:' .. ARGV[2]
local lease = tonumber(ARGV[3])

local entries = redis.call('HGETALL', KEYS[1])
local version, live, known = 0, 0, false
for i = 1, #entries, 2 do
  local name, value = entries[i], entries[i + 1]
  if name == 'v' then
    version = tonumber(value)
  elseif name == field then
    known = true
  elseif string.sub(name, 1, 2) == 'c:' then
    if tonumber(value) > now then live = live + 1 else redis.call('HDEL', KEYS[1], name) end
  end
end
if not known and live >= tonumber(ARGV[4]) then return { -1, version, now } end

redis.call('HSET', KEYS[1], field, now + lease)
-- Longer than the lease: the sweeper reads the hash after the lease has ended.
redis.call('PEXPIRE', KEYS[1], lease * 4)
local wasOnline = redis.call('ZSCORE', KEYS[2], user)
redis.call('ZADD', KEYS[2], 'GT', now + lease, user)
if wasOnline then return { 0, version, now } end

local pending = redis.call('HGET', KEYS[3], user)
if pending then version = math.max(version, tonumber(string.match(pending, '|(%d+)$'))) end
-- Never below the clock: versions go on growing after Redis has forgotten the last one.
version = math.max(version + 1, now)
redis.call('HSET', KEYS[1], 'v', version)
redis.call('HSET', KEYS[3], user, string.format('%d|1|%d', now, version))
return { 1, version, now }
