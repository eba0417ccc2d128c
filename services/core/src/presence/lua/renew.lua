-- Renews all leases of a node in one shard, whatever their number, and takes signs of life of some. Run all the time: so it
-- calls Redis for all of them together.
-- KEYS[1] nodes   KEYS[2] the node's hash   KEYS[3] seen
-- ARGV[1] lease, ms   ARGV[2] node   ARGV[3] how many leases the node believes to hold here
-- ARGV[4..] pairs: connection id, ms since its last sign of life
-- Returns 1 when these are the leases that the node believes to hold, 0 when it has to compare: some are gone, or too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local same = redis.call('HLEN', KEYS[2]) == tonumber(ARGV[3]) and 1 or 0
redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[1]), ARGV[2])
if #ARGV < 4 then return same end

local connections = {}
for i = 4, #ARGV, 2 do connections[#connections + 1] = ARGV[i] end
local users = redis.call('HMGET', KEYS[2], unpack(connections))
local seen = {}
for i, user in ipairs(users) do
  if user then
    seen[#seen + 1] = string.format('%d', now - tonumber(ARGV[3 + 2 * i]))
    seen[#seen + 1] = user
  else
    same = 0
  end
end
if #seen > 0 then redis.call('ZADD', KEYS[3], 'XX', 'GT', unpack(seen)) end
return same
