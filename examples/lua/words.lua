-- Strings, tables and closures: the words of a text that grows, counted and sorted.
local words, text = {}, {}
for i = 1, 60000 do
  local word = ("word%d"):format(i * 7919 % 5003)
  text[#text + 1] = word
  words[word] = (words[word] or 0) + 1
end
local sorted = {}
for word, n in pairs(words) do sorted[#sorted + 1] = { word = word, n = n } end
table.sort(sorted, function(a, b) return a.n > b.n or (a.n == b.n and a.word < b.word) end)
local joined = table.concat(text, " ")
local seen = 0
for _ in joined:gmatch("%a+%d+") do seen = seen + 1 end
assert(seen == 60000 and #sorted == 5003)
print("words: " .. #sorted .. " of " .. seen)
