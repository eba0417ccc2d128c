-- Reads what waits in one shard, by id or by owner.
-- KEYS[1] owners
-- ARGV[1] prefix of the entries' hashes (same slot)   ARGV[2] most entries of the owner
-- ARGV[3] what the owner's members of `owners` begin with ('' for no owner)   ARGV[4..] ids
-- Returns a flat list: id, its hash as a flat list. An id that nothing waits of is absent.
local found, seen = {}, {}
local function take(id)
  if seen[id] then return end
  seen[id] = true
  local entry = redis.call('HGETALL', ARGV[1] .. id)
  if #entry == 0 then return end
  found[#found + 1] = id
  found[#found + 1] = entry
end
local owned = ARGV[3]
if owned ~= '' then
  -- ';' is the character after ':', so that this is all that begins so.
  local past = string.sub(owned, 1, -2) .. ';'
  local members = redis.call('ZRANGEBYLEX', KEYS[1], '[' .. owned, '(' .. past, 'LIMIT', 0, ARGV[2])
  for _, member in ipairs(members) do take(string.sub(member, #owned + 1)) end
end
for i = 4, #ARGV do take(ARGV[i]) end
return found
