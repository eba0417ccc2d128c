-- Gives the room of staged audio back.
-- KEYS[1] sizes by entry   KEYS[2] entries by the time they were staged last   KEYS[3] sum of the sizes
-- ARGV[1] ms since they were staged last, at least; 0: however long   ARGV[2], … entries: <message id>:<sha256>
-- Returns the bytes given back.
local before
if tonumber(ARGV[1]) > 0 then
  local time = redis.call('TIME')
  before = time[1] * 1000 + math.floor(time[2] / 1000) - tonumber(ARGV[1])
end
local sum = 0
for i = 2, #ARGV do
  local size = redis.call('HGET', KEYS[1], ARGV[i])
  if size and not (before and tonumber(redis.call('ZSCORE', KEYS[2], ARGV[i]) or 0) > before) then
    redis.call('HDEL', KEYS[1], ARGV[i])
    redis.call('ZREM', KEYS[2], ARGV[i])
    sum = sum + tonumber(size)
  end
end
if sum > 0 then redis.call('DECRBY', KEYS[3], sum) end
return sum
