-- A page of what waits in one shard, what changed longest ago first.
-- KEYS[1] dirty
-- ARGV[1] prefix of the entries' hashes (same slot)   ARGV[2] version that the page before ended with (0 at first)
-- ARGV[3] version that the last page ends with ('' at first: now, without ARGV[5])   ARGV[4] most entries
-- ARGV[5] µs since their last change, of those that are wanted at least
-- Returns { where the last page ends, then for each: id, version, its hash as a flat list }.
local upTo = ARGV[3]
if upTo == '' then
  local time = redis.call('TIME')
  upTo = string.format('%.0f', time[1] * 1000000 + time[2] - ARGV[5])
end
local page = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. ARGV[2], upTo, 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local found = { upTo }
for i = 1, #page, 2 do
  found[#found + 1] = page[i]
  found[#found + 1] = page[i + 1]
  found[#found + 1] = redis.call('HGETALL', ARGV[1] .. page[i])
end
return found
