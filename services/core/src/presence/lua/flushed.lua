-- Forgets what is in MongoDB now, unless it changed in between.
-- KEYS[1] dirty or sighted
-- ARGV pairs: user id, the value that was written
-- Returns how many were dropped.
local dropped = 0
for i = 1, #ARGV, 2 do
  if redis.call('HGET', KEYS[1], ARGV[i]) == ARGV[i + 1] then
    dropped = dropped + redis.call('HDEL', KEYS[1], ARGV[i])
  end
end
return dropped
