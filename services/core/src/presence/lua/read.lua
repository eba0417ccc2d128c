-- Reads the states of users of several shards.
-- KEYS      for each shard its deadlines, dirty and seen
-- ARGV      for each shard the prefix of its users' hashes (same slot), the number of users, and their ids
-- Returns for each user { online, version, lastSeen }, or nil where Redis knows nothing: then MongoDB does.
local out, at = {}, 1
for k = 1, #KEYS, 3 do
  local prefix, last = ARGV[at], at + 1 + ARGV[at + 1]
  for i = at + 2, last do
    local user = ARGV[i]
    if redis.call('ZSCORE', KEYS[k], user) then
      local version, seen = redis.call('HGET', prefix .. user, 'v'), redis.call('ZSCORE', KEYS[k + 2], user)
      out[#out + 1] = { 1, tonumber(version or 0), tonumber(seen or 0) }
    else
      local pending = redis.call('HGET', KEYS[k + 1], user)
      if pending then
        local seen, online, version = string.match(pending, '^(%d+)|(%d)|(%d+)$')
        out[#out + 1] = { 0, tonumber(version), tonumber(seen) }
      else
        out[#out + 1] = false
      end
    end
  end
  at = last + 1
end
return out
