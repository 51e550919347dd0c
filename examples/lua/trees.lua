-- Binary trees, built and dropped: tables of two fields, a million of them at a time at most.
local function tree(depth)
  if depth == 0 then return {} end
  return { tree(depth - 1), tree(depth - 1) }
end
local function count(t)
  if not t[1] then return 1 end
  return 1 + count(t[1]) + count(t[2])
end

local long_lived = tree(14)
local nodes = 0
for depth = 4, 14, 2 do
  for _ = 1, 2 ^ (16 - depth) do nodes = nodes + count(tree(depth)) end
end
assert(count(long_lived) == 2 ^ 15 - 1)
print("trees: " .. nodes .. " nodes")
