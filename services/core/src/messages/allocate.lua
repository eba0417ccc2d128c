-- Numbers messages of one conversation.
-- KEYS[1] the conversation's counter   KEYS[2..] one key for each message
-- ARGV[1] s that a message's number is remembered   ARGV[2] s that an idle counter is kept
-- Returns the number of each message; nil when the counter is not known here (then MongoDB's head must be set first).
-- A message that was numbered before gets the same number again: a retry leaves no hole.
local head = redis.call('GET', KEYS[1])
if not head then return false end
head = tonumber(head)
local numbers, start = {}, head
for i = 2, #KEYS do
  local known = redis.call('GET', KEYS[i])
  if known then
    numbers[i - 1] = tonumber(known)
  else
    head = head + 1
    redis.call('SET', KEYS[i], head, 'EX', ARGV[1])
    numbers[i - 1] = head
  end
end
if head > start then redis.call('SET', KEYS[1], head, 'EX', ARGV[2]) end
return numbers
