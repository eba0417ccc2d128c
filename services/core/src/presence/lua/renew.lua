-- Renews all leases of a node in some shards, whatever their number, and takes signs of life of some. Run all the time: so it
-- calls Redis for all leases of a shard together.
-- KEYS      for each shard its nodes, the node's hash and seen
-- ARGV[1] lease, ms   ARGV[2] node
-- ARGV[3..] for each shard: how many leases the node believes to hold there, the number of signs of life, and these as pairs:
--           connection id, ms since its last one
-- Returns for each shard 1 when these are the leases that the node believes to hold, 0 when it has to compare: some are
-- gone, or too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline, node = now + tonumber(ARGV[1]), ARGV[2]
local out, at = {}, 3
for k = 1, #KEYS, 3 do
  local last = at + 1 + 2 * ARGV[at + 1]
  local same = redis.call('HLEN', KEYS[k + 1]) == tonumber(ARGV[at]) and 1 or 0
  redis.call('ZADD', KEYS[k], 'XX', deadline, node)
  if last > at + 1 then
    local connections, count = {}, 0
    for i = at + 2, last, 2 do
      count = count + 1
      connections[count] = ARGV[i]
    end
    local users = redis.call('HMGET', KEYS[k + 1], unpack(connections))
    local seen, n = {}, 0
    for i, user in ipairs(users) do
      if user then
        n = n + 2
        seen[n - 1] = string.format('%d', now - ARGV[at + 1 + 2 * i])
        seen[n] = user
      else
        same = 0
      end
    end
    if n > 0 then redis.call('ZADD', KEYS[k + 2], 'XX', 'GT', unpack(seen)) end
  end
  out[#out + 1] = same
  at = last + 1
end
return out
