-- Forgets values that are in MongoDB now, unless they changed in between.
-- KEYS[1] dirty   KEYS[2] owners
-- ARGV[1] prefix of the entries' hashes (same slot)
-- ARGV[2..] for each: id, the version that was written, number of owners, their members of `owners`
-- Returns how many were dropped.
local dropped = 0
local i = 2
while i < #ARGV do
  local id = ARGV[i]
  local next = i + 3 + ARGV[i + 2]
  if redis.call('ZSCORE', KEYS[1], id) == ARGV[i + 1] then
    redis.call('ZREM', KEYS[1], id)
    redis.call('DEL', ARGV[1] .. id)
    for j = i + 3, next - 1 do redis.call('ZREM', KEYS[2], ARGV[j]) end
    dropped = dropped + 1
  end
  i = next
end
return dropped
