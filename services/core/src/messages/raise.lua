-- Sets a conversation's counter to a head that MongoDB has; never lowers it.
-- KEYS[1] the conversation's counter
-- ARGV[1] head   ARGV[2] s that an idle counter is kept
-- Returns the counter.
local known = tonumber(redis.call('GET', KEYS[1]) or -1)
local head = tonumber(ARGV[1])
if known >= head then return known end
redis.call('SET', KEYS[1], head, 'EX', ARGV[2])
return head
