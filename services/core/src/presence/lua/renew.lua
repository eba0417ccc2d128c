-- Renews leases of one shard. Run for every connection all the time: so it does next to nothing for each.
-- KEYS[1] deadlines
-- ARGV[1] lease, ms   ARGV[2] for how long a hash that nobody renews is kept, ms (0: as it was)
-- ARGV[3] prefix of the users' hashes (same slot)
-- ARGV[4..] for each lease: user id, connection id, ms since the connection's last sign of life (empty: none since the
-- last renewal)
-- Returns the positions (from 0) of leases that do not exist any more.
local call, prefix, keep = redis.call, ARGV[3], tonumber(ARGV[2])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
-- As text, made once: Redis would format a number anew in each call.
local deadline = string.format('%d', now + tonumber(ARGV[1]))
local lost, renewed = {}, {}
for i = 4, #ARGV, 3 do
  local user = ARGV[i]
  local key, connection, silent = prefix .. user, 'c:' .. ARGV[i + 1], tonumber(ARGV[i + 2])
  if call('HSET', key, connection, deadline) == 1 then
    -- It was not there.
    call('HDEL', key, connection)
    lost[#lost + 1] = (i - 4) / 3
  else
    if silent and now - silent > tonumber(call('HGET', key, 's') or 0) then
      call('HSET', key, 's', string.format('%d', now - silent))
    end
    if keep > 0 then call('PEXPIRE', key, keep) end
    renewed[#renewed + 1] = deadline
    renewed[#renewed + 1] = user
  end
end
if #renewed > 0 then call('ZADD', KEYS[1], 'GT', unpack(renewed)) end
return lost
