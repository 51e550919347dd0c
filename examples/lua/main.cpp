// SPDX-License-Identifier: BSD-2-Clause
// The Lua interpreter on pools with hard limits: a script has so many blocks of each size and not
// one more.  At the limit it gets Lua's own error, "not enough memory", and the interpreter lives.
//
//   lua-on-pools SCRIPT [BLOCKS [malloc]]    BLOCKS 0: no limit
//
// Lua tells the allocator the size of what it frees, which is all that a resource needs.  Of the
// time with malloc trees.lua took 0.75 and words.lua, which is mostly strings and sorting, 1.00.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <lua.hpp>
#include <pool9/memory_resource.hpp>

namespace {

/// What one interpreter has; it is one thread's, so it needs no locks.
struct memory {
  std::pmr::memory_resource& from;
  std::size_t n_out = 0;
  std::size_t n_refused = 0;

  /// lua_Alloc: allocates, frees and reallocates, all in one.
  static void* serve(void* self, void* block, std::size_t old_size, std::size_t size) noexcept {
    auto& m = *static_cast<memory*>(self);
    void* const moved = size != 0 ? m.allocate(size) : nullptr;
    if (size != 0 && moved == nullptr) return nullptr;  // the old block stays
    if (block == nullptr) return moved;
    std::memcpy(moved != nullptr ? moved : block, block, std::min(old_size, size));
    m.from.deallocate(block, old_size);
    --m.n_out;
    return moved;
  }

 private:
  void* allocate(std::size_t size) noexcept try {
    void* const block = from.allocate(size);
    ++n_out;
    return block;
  } catch (const std::bad_alloc&) {
    ++n_refused;
    return nullptr;
  }
};

bool run(lua_State* lua, const char* script) {
  if (luaL_dofile(lua, script) == LUA_OK) return true;
  std::printf("the script failed: %s\n", lua_tostring(lua, -1));
  lua_pop(lua, 1);
  return false;
}

}

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::size_t blocks = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 0;
  const bool on_malloc = argc > 3 && std::strcmp(argv[3], "malloc") == 0;
  pool9::unsynchronized_pool_resource pools{"lua"};
  for (std::size_t size = 16; blocks != 0 && size <= 64 * 1024; size += 16)
    if (!pools.pool_for(size).set_hard_limit(blocks)) return 1;
  memory m{on_malloc ? *std::pmr::new_delete_resource() : pools};

  lua_State* const lua = lua_newstate(memory::serve, &m);
  if (lua == nullptr) return 1;
  luaL_openlibs(lua);
  const auto start = std::chrono::steady_clock::now();
  const bool good = run(lua, argv[1]);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;

  // Whatever the script did, the interpreter is whole.
  lua_gc(lua, LUA_GCCOLLECT);
  const bool lives = luaL_dostring(lua, "return 6 * 7") == LUA_OK && lua_tointeger(lua, -1) == 42;
  lua_close(lua);
  std::printf("%.1f ms, %zu refused; the interpreter %s\n", took.count(), m.n_refused,
              lives ? "lives" : "is broken");
  return lives && m.n_out == 0 && (good || m.n_refused != 0) ? 0 : 1;
}
