-- Books room for staged audio.
-- KEYS[1] sizes by entry   KEYS[2] entries by the time they were staged last   KEYS[3] sum of the sizes
-- ARGV[1] entry: <message id>:<sha256>   ARGV[2] bytes   ARGV[3] most bytes in all
-- Returns 1 when there is room (or the entry has it already), else 0.
local isBooked = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 1
if not isBooked and tonumber(redis.call('GET', KEYS[3]) or 0) + tonumber(ARGV[2]) > tonumber(ARGV[3]) then return 0 end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
if isBooked then return 1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('INCRBY', KEYS[3], ARGV[2])
return 1
