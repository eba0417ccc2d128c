-- Notes how many of a group are online.
-- KEYS[1] counts
-- ARGV[1] group id   ARGV[2] members online   ARGV[3] members
-- Returns { 1 if it is another count than the last one or else 0, "<online>|<members>|<version>" }.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local last = redis.call('HGET', KEYS[1], ARGV[1])
local online, members, version = string.match(last or '', '^(%d+)|(%d+)|(%d+)$')
if online == ARGV[2] and members == ARGV[3] then return { 0, last } end
local value = string.format('%s|%s|%d', ARGV[2], ARGV[3], math.max(now, tonumber(version or 0) + 1))
redis.call('HSET', KEYS[1], ARGV[1], value)
return { 1, value }
