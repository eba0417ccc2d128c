-- Gives the room of staged audio back.
-- KEYS[1] sizes by entry   KEYS[2] entries by the time they were staged   KEYS[3] sum of the sizes
-- ARGV[1] entry: <message id>:<sha256>
-- Returns the bytes given back.
local size = redis.call('HGET', KEYS[1], ARGV[1])
if not size then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DECRBY', KEYS[3], size)
return tonumber(size)
