-- Notes which groups somebody watches, or tells.
-- KEYS[1] watched
-- ARGV[1] for how long, ms; 0: tell   ARGV[2..] group ids
-- Returns, when it is to tell, { groups that are watched, groups that are not any more }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[1] ~= '0' then
  for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'GT', now + tonumber(ARGV[1]), ARGV[i]) end
  return {}
end
local over = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
return { redis.call('ZRANGE', KEYS[1], 0, -1), over }
