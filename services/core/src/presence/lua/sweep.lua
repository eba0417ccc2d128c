-- Ends what nobody renewed in one shard, and finds changes that nobody was told of.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] outbox   KEYS[4] sweep   KEYS[5] nodes
-- KEYS[6] seen
-- ARGV[1] about how many users and leases in one call   ARGV[2] lease, ms   ARGV[3] prefix of the users' hashes (same slot)
-- ARGV[4] ms without a sweep after which nodes may not have reached Redis either   ARGV[5] 1: so it may be now
-- ARGV[6] ms after which a change should have been told   ARGV[7] prefix of nodes' hashes (same slot)
-- Returns { born, settled, gone, untold, more }
--   born: since when the shard has its memory, 0 while its nodes may still be taking their leases again
--   settled: 1 when it was compared with MongoDB since then
--   gone: flat list of user id, version, lastSeen of each who went offline
--   untold: flat list of user id, 1 online or 0 not, version, lastSeen (-1: MongoDB has it)
--   more: 1 when there was more to end than one call does
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local max, lease = tonumber(ARGV[1]), tonumber(ARGV[2])

-- A shard that nobody swept for long was, for all one can know here, away: stopped, restarted, or cut off. Its nodes
-- get one lease's time to renew before anybody is declared gone.
local memory = redis.call('HMGET', KEYS[4], 'born', 'at', 'from', 'settled')
local born, from = tonumber(memory[1] or now), tonumber(memory[3] or 0)
if ARGV[5] == '1' or (memory[2] and now - tonumber(memory[2]) > tonumber(ARGV[4])) then from = now + lease end
redis.call('HSET', KEYS[4], 'born', born, 'at', now, 'from', from)

local gone, left = {}, 0

-- Drops what is over of a user who is online, and takes the user offline when that is all. Whose node is gone was alive
-- at its last renewal, as far as anybody can know.
local function consider(user, renewed)
  local key = ARGV[3] .. user
  local entries = redis.call('HGETALL', key)
  local seen = tonumber(redis.call('ZSCORE', KEYS[6], user) or 0)
  local version, held, graced, ended = 0, false, 0, {}
  for i = 1, #entries, 2 do
    local name, value = entries[i], entries[i + 1]
    local kind = string.sub(name, 1, 2)
    if name == 'v' then
      version = tonumber(value)
    elseif name == 's' then
      -- As processes of an earlier version left it.
      seen = math.max(seen, tonumber(value))
    elseif kind == 'g:' then
      graced = math.max(graced, tonumber(value))
    elseif kind == 'c:' then
      local deadline = tonumber(redis.call('ZSCORE', KEYS[5], value) or 0)
      if deadline > now then
        held = true
      else
        ended[name] = value
        renewed = math.max(renewed, deadline - lease)
      end
    end
  end
  for name, node in pairs(ended) do
    redis.call('HDEL', key, name)
    redis.call('HDEL', ARGV[7] .. node, string.sub(name, 3))
  end
  if held or graced > now then
    if renewed > seen then redis.call('ZADD', KEYS[6], renewed, user) end
    redis.call('ZADD', KEYS[1], held and '+inf' or graced, user)
    return
  end
  seen = math.max(seen, renewed)
  version = math.max(version + 1, now)
  redis.call('ZREM', KEYS[1], user)
  redis.call('ZREM', KEYS[6], user)
  redis.call('DEL', key)
  redis.call('HSET', KEYS[2], user, string.format('%d|0|%d', seen, version))
  redis.call('ZADD', KEYS[3], version, user)
  gone[#gone + 1] = user
  gone[#gone + 1] = version
  gone[#gone + 1] = seen
end

if now >= from then
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, max)
  for i = 1, #due do consider(due[i], 0) end
  left = left + #due
  local dead = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'WITHSCORES')
  for i = 1, #dead, 2 do
    local leases = ARGV[7] .. dead[i]
    if left < max then
      local held = redis.call('HRANDFIELD', leases, max - left, 'WITHVALUES')
      for j = 1, #held, 2 do
        redis.call('HDEL', leases, held[j])
        if redis.call('ZSCORE', KEYS[1], held[j + 1]) then consider(held[j + 1], dead[i + 1] - lease) end
      end
      left = left + #held / 2
    end
    if redis.call('EXISTS', leases) == 0 then redis.call('ZREM', KEYS[5], dead[i]) end
  end
end

local untold = {}
local late = redis.call('ZRANGEBYSCORE', KEYS[3], '-inf', now - tonumber(ARGV[6]), 'WITHSCORES', 'LIMIT', 0, max)
for i = 1, #late, 2 do
  local user = late[i]
  local online, version, seen = 0, tonumber(late[i + 1]), -1
  if redis.call('ZSCORE', KEYS[1], user) then
    online = 1
    version = tonumber(redis.call('HGET', ARGV[3] .. user, 'v') or version)
    seen = tonumber(redis.call('ZSCORE', KEYS[6], user) or now)
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
return { isOld and born or 0, settled and 1 or 0, gone, untold, left >= max and 1 or 0 }
