-- Forgets changes that clients were told of, unless there was a later one.
-- KEYS[1] outbox
-- ARGV pairs: user id, version
-- Returns how many were dropped.
local dropped = 0
for i = 1, #ARGV, 2 do
  local untold = redis.call('ZSCORE', KEYS[1], ARGV[i])
  if untold and tonumber(untold) <= tonumber(ARGV[i + 1]) then
    dropped = dropped + redis.call('ZREM', KEYS[1], ARGV[i])
  end
end
return dropped
