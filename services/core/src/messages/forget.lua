-- Takes back a number that was given for nothing, if it is the last one.
-- KEYS[1] the conversation's counter   KEYS[2] the message's key
-- ARGV[1] the number
-- Returns 1 when the counter was set back. Otherwise a hole stays, which readers close.
redis.call('DEL', KEYS[2])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1] - 1, 'KEEPTTL')
return 1
