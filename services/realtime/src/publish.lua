-- Publishes several messages: a head and a text each.
-- KEYS their channels   ARGV for each its head and the number of its text; then the texts
local heads = 2 * #KEYS
for i, channel in ipairs(KEYS) do
  redis.call('SPUBLISH', channel, ARGV[2 * i - 1] .. ARGV[heads + ARGV[2 * i]])
end
