-- Forgets staged audio, unless something was staged under its message's id a moment ago: then that lasts longer.
-- KEYS[1] the audio of the message by its hash
-- ARGV[1] sha256   ARGV[2] s that what is there lasts at most
-- Returns 1 when it is gone, else 0.
if redis.call('TTL', KEYS[1]) > tonumber(ARGV[2]) then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
