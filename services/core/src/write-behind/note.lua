-- Notes values in one shard: each field keeps the highest rank that it was given, with what came along.
-- KEYS[1] dirty   KEYS[2] owners
-- ARGV[1] prefix of the entries' hashes (same slot)   ARGV[2] most entries of the shard
-- ARGV[3..] for each value: id, number of owners, their members of `owners`, number of fields, and for each of these
--           name, rank, what comes along ('' for nothing)
-- Returns the positions (from 0) of values there was no room for.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local waiting = redis.call('ZCARD', KEYS[1])
local refused = {}
local i, position = 3, 0
while i < #ARGV do
  local id = ARGV[i]
  local owners = i + 2
  local fields = owners + ARGV[i + 1] + 1
  local last = fields + ARGV[fields - 1] * 3 - 1
  local version = redis.call('ZSCORE', KEYS[1], id)
  if not version and waiting >= tonumber(ARGV[2]) then
    refused[#refused + 1] = position
  else
    local key = ARGV[1] .. id
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
      waiting = waiting + 1
      for j = owners, fields - 2 do redis.call('ZADD', KEYS[2], 0, ARGV[j]) end
      redis.call('ZADD', KEYS[1], now, id)
    elseif raised then
      redis.call('ZADD', KEYS[1], math.max(now, version + 1), id)
    end
  end
  i, position = last + 1, position + 1
end
return refused
