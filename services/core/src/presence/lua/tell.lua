-- Decides of changes in some shards whether clients are to be told of them.
-- KEYS      for each shard its deadlines, dirty, told and seen
-- ARGV      for each shard the prefix of its users' hashes (same slot), the number of changes, and for each change:
--           user id, 1 online or 0 not, version, lastSeen, how
--   how: first   clients are told, unless what they know is true again, or a later change says more
--        again   clients are told: whoever wanted to may have died over it
--        settle  clients are told if they believe that the user is online, and the user is not
-- Returns for each change { 1 to be told or 0 not, online, version, lastSeen, until which version all is said }: the
-- state is what is true now.
local function decide(deadlines, dirty, told, seenOf, prefix, user, wasOnline, version, seen, how)
  local said = version
  local online = redis.call('ZSCORE', deadlines, user)
  local tell
  if online then
    version = tonumber(redis.call('HGET', prefix .. user, 'v') or version)
    seen = tonumber(redis.call('ZSCORE', seenOf, user) or seen)
    tell = how ~= 'settle' and (redis.call('SADD', told, user) == 1 or how == 'again')
    said = version
  else
    local pending = redis.call('HGET', dirty, user)
    local pendingSeen, pendingVersion = string.match(pending or '', '^(%d+)|0|(%d+)$')
    local isLatest = tonumber(pendingVersion or 0) <= version
    if pendingSeen then version, seen = tonumber(pendingVersion), tonumber(pendingSeen) end
    if how == 'settle' then
      tell = redis.call('SREM', told, user) == 1
    elseif how == 'first' then
      -- Whoever saw the user leave last tells of it.
      tell = not wasOnline and isLatest
    else
      tell = pendingSeen or not wasOnline
    end
    if tell then redis.call('SREM', told, user) end
    if tell then said = version end
  end
  return { tell and 1 or 0, online and 1 or 0, version, seen, said }
end

local out, at = {}, 1
for k = 1, #KEYS, 4 do
  local prefix, changes = ARGV[at], tonumber(ARGV[at + 1])
  at = at + 2
  for _ = 1, changes do
    out[#out + 1] = decide(
      KEYS[k], KEYS[k + 1], KEYS[k + 2], KEYS[k + 3], prefix,
      ARGV[at], ARGV[at + 1] == '1', tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3]), ARGV[at + 4]
    )
    at = at + 5
  end
end
return out
