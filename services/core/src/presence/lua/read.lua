-- Reads the states of users of one shard.
-- KEYS[1] deadlines   KEYS[2] dirty
-- ARGV[1] prefix of the users' hashes (same slot)   ARGV[2..] user ids
-- Returns for each { online, version, lastSeen }, or nil where Redis knows nothing: then MongoDB does.
local out = {}
for i = 2, #ARGV do
  local user = ARGV[i]
  if redis.call('ZSCORE', KEYS[1], user) then
    local state = redis.call('HMGET', ARGV[1] .. user, 'v', 's')
    out[#out + 1] = { 1, tonumber(state[1] or 0), tonumber(state[2] or 0) }
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
