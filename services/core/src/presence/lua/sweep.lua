-- Ends what nobody renewed in one shard, and finds changes that nobody was told of.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] outbox   KEYS[4] sweep
-- ARGV[1] most users in one call   ARGV[2] lease, ms   ARGV[3] prefix of the users' hashes (same slot)
-- ARGV[4] ms without a sweep after which nodes may not have reached Redis either   ARGV[5] 1: so it may be now
-- ARGV[6] ms after which a change should have been told
-- Returns { born, settled, gone, untold }
--   born: since when the shard has its memory, 0 while its nodes may still be taking their leases again
--   settled: 1 when it was compared with MongoDB since then
--   gone: flat list of user id, version, lastSeen of each who went offline
--   untold: flat list of user id, 1 online or 0 not, version, lastSeen (-1: MongoDB has it)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max, lease = tonumber(ARGV[1]), tonumber(ARGV[2])

-- A shard that nobody swept for long was, for all one can know here, away: stopped, restarted, or cut off. Its nodes
-- get one lease's time to renew before anybody is declared gone.
local memory = redis.call('HMGET', KEYS[4], 'born', 'at', 'from', 'settled')
local born, from = tonumber(memory[1] or now), tonumber(memory[3] or 0)
if ARGV[5] == '1' or (memory[2] and now - tonumber(memory[2]) > tonumber(ARGV[4])) then from = now + lease end
redis.call('HSET', KEYS[4], 'born', born, 'at', now, 'from', from)

local gone = {}
local due = {}
if now >= from then
  due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'WITHSCORES', 'LIMIT', 0, max)
end
for i = 1, #due, 2 do
  local user, deadline = due[i], tonumber(due[i + 1])
  local key = ARGV[3] .. user
  local entries = redis.call('HGETALL', key)
  local version, seen, renewed = 0, 0, 0
  for j = 1, #entries, 2 do
    local name, value = entries[j], tonumber(entries[j + 1])
    if name == 'v' then version = value
    elseif name == 's' then seen = value
    elseif string.sub(name, 1, 2) == 'c:' then renewed = math.max(renewed, value - lease) end
  end
  -- Whose node is gone was alive at its last renewal, as far as anybody can know.
  seen = math.max(seen, renewed)
  -- The hash is gone when no sweeper ran for very long: the deadline still tells the last renewal.
  if seen == 0 then seen = deadline - lease end
  version = math.max(version + 1, now)
  redis.call('ZREM', KEYS[1], user)
  redis.call('DEL', key)
  redis.call('HSET', KEYS[2], user, string.format('%d|0|%d', seen, version))
  redis.call('ZADD', KEYS[3], version, user)
  gone[#gone + 1] = user
  gone[#gone + 1] = version
  gone[#gone + 1] = seen
end

local untold = {}
local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[6]), 'WITHSCORES', 'LIMIT', 0, max)
for i = 1, #late, 2 do
  local user = late[i]
  local online, version, seen = 0, tonumber(late[i + 1]), -1
  if redis.call('ZSCORE', KEYS[1], user) then
    local state = redis.call('HMGET', ARGV[3] .. user, 'v', 's')
    online, version, seen = 1, tonumber(state[1] or version), tonumber(state[2] or now)
  else
    local pending = redis.call('HGET', KEYS[2], user)
    if pending then seen = tonumber(string.match(pending, '^%d+')) end
  end
  untold[#untold + 1] = user
  untold[#untold + 1] = online
  untold[#untold + 1] = version
  untold[#untold + 1] = seen
end

local isOld = now >= from and now >= born + lease
local settled = memory[4] and tonumber(memory[4]) == born
return { isOld and born or 0, settled and 1 or 0, gone, untold }
