-- Renews all leases of a node in one shard, whatever their number, and takes signs of life of some.
-- KEYS[1] nodes   KEYS[2] the node's hash
-- ARGV[1] lease, ms   ARGV[2] node   ARGV[3] how many leases the node believes to hold here
-- ARGV[4] for how long a hash that nobody renews is kept, ms (0: as it was)
-- ARGV[5] prefix of the users' hashes (same slot)
-- ARGV[6..] for each of some leases: user id, connection id, ms since the connection's last sign of life (empty: as told)
-- Returns 1 when these are the leases that the node believes to hold, 0 when it has to compare: some are gone, or too many.
local call, prefix, keep = redis.call, ARGV[5], tonumber(ARGV[4])
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local same = call('HLEN', KEYS[2]) == tonumber(ARGV[3]) and 1 or 0
call('ZADD', KEYS[1], 'XX', string.format('%d', now + tonumber(ARGV[1])), ARGV[2])
for i = 6, #ARGV, 3 do
  local key, silent = prefix .. ARGV[i], tonumber(ARGV[i + 2])
  local lease = call('HMGET', key, 'c:' .. ARGV[i + 1], 's')
  if lease[1] ~= ARGV[2] then
    same = 0
  else
    if silent and now - silent > tonumber(lease[2] or 0) then
      call('HSET', key, 's', string.format('%d', now - silent))
    end
    if keep > 0 then call('PEXPIRE', key, keep) end
  end
end
return same
