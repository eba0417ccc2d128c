-- Renews leases of one shard.
-- KEYS[1] deadlines   KEYS[2..] the hashes of the users
-- ARGV[1] lease, ms   ARGV[2..] for each hash: user id, connection id
-- Returns the positions (from 0) of leases that do not exist any more.
local time = redis.call('TIME')
local lease = tonumber(ARGV[1])
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + lease
local lost = {}
for i = 2, #KEYS do
  local at = (i - 1) * 2
  local field = 'c:' .. ARGV[at + 1]
  if redis.call('HEXISTS', KEYS[i], field) == 1 then
    redis.call('HSET', KEYS[i], field, deadline)
    redis.call('PEXPIRE', KEYS[i], lease * 4)
    redis.call('ZADD', KEYS[1], 'GT', deadline, ARGV[at])
  else
    lost[#lost + 1] = i - 2
  end
end
return lost
