-- Publishes several messages.
-- KEYS their channels   ARGV their texts
for i, channel in ipairs(KEYS) do redis.call('SPUBLISH', channel, ARGV[i]) end
