-- Numbers messages of several conversations.
-- KEYS      for each conversation its counter, followed by one key for each of its messages
-- ARGV[1]   s that a message's number is remembered   ARGV[2] s that an idle counter is kept
-- ARGV[3..] for each conversation the number of its messages
-- Returns for each conversation the number of each message; nil when its counter is not known here (then MongoDB's head must be set
-- first). A message that was numbered before gets the same number again: a retry leaves no hole.
local answers, at = {}, 1
for c = 3, #ARGV do
  local last = at + ARGV[c]
  local head = redis.call('GET', KEYS[at])
  if head then
    local start = tonumber(head)
    local numbers, highest = {}, start
    for i = at + 1, last do
      local known = redis.call('SET', KEYS[i], highest + 1, 'NX', 'GET', 'EX', ARGV[1])
      if not known then
        highest = highest + 1
        known = highest
      end
      numbers[i - at] = tonumber(known)
    end
    if highest > start then redis.call('SET', KEYS[at], highest, 'EX', ARGV[2]) end
    answers[c - 2] = numbers
  else
    answers[c - 2] = false
  end
  at = last + 1
end
return answers
