-- Renews all leases of a node in some shards, whatever their number, and takes signs of life of some. Run all the time: so it
-- calls Redis for all leases of a shard together.
-- KEYS      for each shard its nodes, the node's hash and seen
-- ARGV[1] lease, ms   ARGV[2] node
-- ARGV[3..] for each shard: how many leases the node believes to hold there, and signs of life as JSON, '' for none: a list
--           of ms since then and user id, one after the other
-- Returns for each shard 1 when these are as many leases as the node believes to hold, 0 when it has to compare: some are
-- gone, or too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local deadline, node = now + tonumber(ARGV[1]), ARGV[2]
local out = {}
for shard = 1, #KEYS / 3 do
  local nodes, leases, seen = KEYS[3 * shard - 2], KEYS[3 * shard - 1], KEYS[3 * shard]
  local held, signs = ARGV[2 * shard + 1], ARGV[2 * shard + 2]
  out[shard] = redis.call('HLEN', leases) == tonumber(held) and 1 or 0
  redis.call('ZADD', nodes, 'XX', deadline, node)
  if signs ~= '' then
    local list = cjson.decode(signs)
    for i = 1, #list, 2 do list[i] = string.format('%d', now - list[i]) end
    redis.call('ZADD', seen, 'XX', 'GT', unpack(list))
  end
end
return out
