-- Asks for more than it may have, notices, drops it, and goes on within its means.
local good, message = pcall(function()
  local all = {}
  while true do all[#all + 1] = ("x"):rep(1000) .. #all end
end)
assert(not good)
print("hungry: " .. tostring(message))
assert(message == "not enough memory")
collectgarbage()
local still = {}
for i = 1, 1000 do still[i] = { i } end
print("hungry: works on with " .. #still)
