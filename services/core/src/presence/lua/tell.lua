-- Decides of changes in one shard whether clients are to be told of them.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] told   KEYS[4] seen
-- ARGV[1] prefix of the users' hashes (same slot)
-- ARGV[2..] for each change: user id, 1 online or 0 not, version, lastSeen, how
--   how: first   clients are told, unless what they know is true again, or a later change says more
--        again   clients are told: whoever wanted to may have died over it
--        settle  clients are told if they believe that the user is online, and the user is not
-- Returns for each change { 1 to be told or 0 not, online, version, lastSeen, until which version all is said }: the
-- state is what is true now.
local prefix = ARGV[1]
local out = {}
for i = 2, #ARGV, 5 do
  local user, how = ARGV[i], ARGV[i + 4]
  local wasOnline, version, seen = ARGV[i + 1] == '1', tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local believed = redis.call('SISMEMBER', KEYS[3], user) == 1
  local said = version
  local online = redis.call('ZSCORE', KEYS[1], user)
  local tell
  if online then
    version = tonumber(redis.call('HGET', prefix .. user, 'v') or version)
    seen = tonumber(redis.call('ZSCORE', KEYS[4], user) or seen)
    tell = how ~= 'settle' and (how == 'again' or not believed)
    if tell then redis.call('SADD', KEYS[3], user) end
    said = version
  else
    local pending = redis.call('HGET', KEYS[2], user)
    local pendingSeen, pendingVersion = string.match(pending or '', '^(%d+)|0|(%d+)$')
    local isLatest = tonumber(pendingVersion or 0) <= version
    if pendingSeen then version, seen = tonumber(pendingVersion), tonumber(pendingSeen) end
    if how == 'settle' then
      tell = believed
    elseif how == 'first' then
      -- Whoever saw the user leave last tells of it.
      tell = not wasOnline and isLatest
    else
      tell = pendingSeen or not wasOnline
    end
    if tell then redis.call('SREM', KEYS[3], user) end
    if tell then said = version end
  end
  out[#out + 1] = { tell and 1 or 0, online and 1 or 0, version, seen, said }
end
return out
