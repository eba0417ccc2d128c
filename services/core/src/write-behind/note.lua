-- Notes values in several shards: each field keeps the highest rank that it was given, with what came along.
-- KEYS      for each shard its `dirty` and its `owners`
-- ARGV[1]   most entries of a shard   ARGV[2..] for each shard the prefix of its entries' hashes (same slot)
-- and then for each value: its shard (from 1), id, number of owners, their members of `owners`, number of fields, and for each of
-- these   name, rank, what comes along ('' for nothing)
-- Returns the positions (from 0) of values there was no room for.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local most = tonumber(ARGV[1])
local shards = #KEYS / 2
local waiting = {}
for shard = 1, shards do waiting[shard] = redis.call('ZCARD', KEYS[shard * 2 - 1]) end
local refused = {}
local i, position = 2 + shards, 0
while i < #ARGV do
  local shard = tonumber(ARGV[i])
  local dirty = KEYS[shard * 2 - 1]
  local id = ARGV[i + 1]
  local owners = i + 3
  local fields = owners + ARGV[i + 2] + 1
  local last = fields + ARGV[fields - 1] * 3 - 1
  local version = redis.call('ZSCORE', dirty, id)
  if not version and waiting[shard] >= most then
    refused[#refused + 1] = position
  else
    local key = ARGV[1 + shard] .. id
    local raised = false
    for j = fields, last, 3 do
      local known = redis.call('HGET', key, ARGV[j])
      if not known or tonumber(known) < tonumber(ARGV[j + 1]) then
        if ARGV[j + 2] == '' then redis.call('HSET', key, ARGV[j], ARGV[j + 1])
        else redis.call('HSET', key, ARGV[j], ARGV[j + 1], ARGV[j] .. ':', ARGV[j + 2]) end
        raised = true
      end
    end
    if not version then
      waiting[shard] = waiting[shard] + 1
      for j = owners, fields - 2 do redis.call('ZADD', KEYS[shard * 2], 0, ARGV[j]) end
      redis.call('ZADD', dirty, now, id)
    elseif raised then
      redis.call('ZADD', dirty, math.max(now, version + 1), id)
    end
  end
  i, position = last + 1, position + 1
end
return refused
