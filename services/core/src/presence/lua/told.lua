-- Forgets changes that clients were told of, unless there was a later one. For a while it is known who changed.
-- KEYS[1] outbox   KEYS[2] changed
-- ARGV[1] for how long it is known, ms (0: not at all)   ARGV[2..] pairs: user id, version
-- Returns how many were dropped.
local time = redis.call('TIME')
local now, keep = time[1] * 1000 + math.floor(time[2] / 1000), tonumber(ARGV[1])
local dropped = 0
for i = 2, #ARGV, 2 do
  local untold = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if untold and tonumber(untold) <= tonumber(ARGV[i + 1]) then
    dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[i])
    if keep > 0 then redis.call('ZADD', KEYS[2], untold, ARGV[i]) end
  end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - keep)
return dropped
