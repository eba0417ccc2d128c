-- Renews leases of one shard.
-- KEYS[1] deadlines   KEYS[2..] the hashes of the users
-- ARGV[1] lease, ms   ARGV[2] for how long a hash that nobody renews is kept, ms (0: as it was)
-- ARGV[3..] for each hash: user id, connection id, ms since the connection's last sign of life
-- Returns the positions (from 0) of leases that do not exist any more.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline, keep = now + tonumber(ARGV[1]), tonumber(ARGV[2])
local lost, renewed = {}, {}
for i = 2, #KEYS do
  local at = i * 3 - 3
  local connection = 'c:' .. ARGV[at + 1]
  local held = redis.call('HMGET', KEYS[i], connection, 's')
  if held[1] then
    local seen = math.max(tonumber(held[2] or 0), now - tonumber(ARGV[at + 2]))
    redis.call('HSET', KEYS[i], connection, deadline, 's', seen)
    if keep > 0 then redis.call('PEXPIRE', KEYS[i], keep) end
    renewed[#renewed + 1] = deadline
    renewed[#renewed + 1] = ARGV[at]
  else
    lost[#lost + 1] = i - 2
  end
end
if #renewed > 0 then redis.call('ZADD', KEYS[1], 'GT', unpack(renewed)) end
return lost
