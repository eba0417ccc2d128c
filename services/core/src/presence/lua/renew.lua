-- Renews all leases of a node in one shard, whatever their number, and takes signs of life of some. Run all the time: so it
-- calls Redis for all of them together.
-- KEYS[1] nodes   KEYS[2] the node's hash   KEYS[3] seen
-- ARGV[1] lease, ms   ARGV[2] node   ARGV[3] how many leases the node believes to hold here
-- ARGV[4] for how long a hash that nobody renews is kept, ms (0: as it was)
-- ARGV[5] prefix of the users' hashes (same slot)
-- ARGV[6..] pairs: connection id, ms since its last sign of life (empty: as told)
-- Returns 1 when these are the leases that the node believes to hold, 0 when it has to compare: some are gone, or too many.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local keep = tonumber(ARGV[4])
local same = redis.call('HLEN', KEYS[2]) == tonumber(ARGV[3]) and 1 or 0
redis.call('ZADD', KEYS[1], 'XX', now + tonumber(ARGV[1]), ARGV[2])
if #ARGV < 6 then return same end

local connections = {}
for i = 6, #ARGV, 2 do connections[#connections + 1] = ARGV[i] end
local users = redis.call('HMGET', KEYS[2], unpack(connections))
local seen = {}
for i, user in ipairs(users) do
  local silent = tonumber(ARGV[4 + 2 * i + 1])
  if not user then
    same = 0
  else
    if silent then
      seen[#seen + 1] = string.format('%d', now - silent)
      seen[#seen + 1] = user
    end
    if keep > 0 then redis.call('PEXPIRE', ARGV[5] .. user, keep) end
  end
end
if #seen > 0 then redis.call('ZADD', KEYS[3], 'XX', 'GT', unpack(seen)) end
return same
