-- Gives the room of staged audio back.
-- KEYS[1] sizes by entry   KEYS[2] entries by the time they were staged last   KEYS[3] sum of the sizes
-- ARGV[1] entry: <message id>:<sha256>   ARGV[2] ms since it was staged last, at least; absent: however long
-- Returns the bytes given back.
local size = redis.call('HGET', KEYS[1], ARGV[1])
if not size then return 0 end
if ARGV[2] then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0) > now - tonumber(ARGV[2]) then return 0 end
end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('DECRBY', KEYS[3], size)
return tonumber(size)
