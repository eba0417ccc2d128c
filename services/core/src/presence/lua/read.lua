-- Reads the states of users of one shard.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] seen
-- ARGV[1] prefix of the users' hashes (same slot)   ARGV[2..] user ids
-- Returns for each { online, version, lastSeen }, or nil where Redis knows nothing: then MongoDB does.
local out = {}
for i = 2, #ARGV do
  local user = ARGV[i]
  if redis.call('ZSCORE', KEYS[1], user) then
    local version, seen = redis.call('HGET', ARGV[1] .. user, 'v'), redis.call('ZSCORE', KEYS[3], user)
    out[#out + 1] = { 1, tonumber(version or 0), tonumber(seen or 0) }
  else
    local pending = redis.call('HGET', KEYS[2], user)
    if pending then
      local seen, online, version = string.match(pending, '^(%d+)|(%d)|(%d+)$')
      out[#out + 1] = { 0, tonumber(version), tonumber(seen) }
    else
      out[#out + 1] = false
    end
  end
end
return out
