-- Lets time pass for one shard: everything in it is as much older.
-- KEYS[1] deadlines   KEYS[2] dirty   KEYS[3] sweep   KEYS[4] sighted   KEYS[5] nodes   KEYS[6] seen
-- ARGV[1] ms   ARGV[2] prefix of the users' hashes
local by = tonumber(ARGV[1])
local function age(key, field)
  local value = redis.call('HGET', key, field)
  redis.call('HSET', key, field, string.format('%d', tonumber(value) - by))
end
local deadlines = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #deadlines, 2 do
  local user = deadlines[i]
  redis.call('ZADD', KEYS[1], tonumber(deadlines[i + 1]) - by, user)
  local key = ARGV[2] .. user
  for _, field in ipairs(redis.call('HKEYS', key)) do
    if string.sub(field, 1, 2) == 'g:' then age(key, field) end
  end
end
for k = 5, 6 do
  local times = redis.call('ZRANGE', KEYS[k], 0, -1, 'WITHSCORES')
  for i = 1, #times, 2 do redis.call('ZADD', KEYS[k], tonumber(times[i + 1]) - by, times[i]) end
end
local dirty = redis.call('HGETALL', KEYS[2])
for i = 1, #dirty, 2 do
  local seen, state = string.match(dirty[i + 1], '^(%d+)(|.*)$')
  redis.call('HSET', KEYS[2], dirty[i], string.format('%d', tonumber(seen) - by) .. state)
end
for k = 3, 4 do
  for _, field in ipairs(redis.call('HKEYS', KEYS[k])) do age(KEYS[k], field) end
end
