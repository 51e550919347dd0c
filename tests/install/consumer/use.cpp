// SPDX-License-Identifier: BSD-2-Clause
// The least C++ program that needs every part of the installation: headers, library, threads.
#include <pool9/memory_resource_source.hpp>
#include <pool9/pool.hpp>
#include <stdexcept>

// A page source of our own needs the library's vtables and typeinfo only where they are inline.
static pool9::memory_resource_source pages(std::pmr::new_delete_resource());
static pool9::pool items{{.name = "items", .item_size = 64, .hard_limit = 10, .source = &pages}};

int main() {
  void* item = items.get();
  items.put(item);
  try {
    pool9::pool wrong{{.name = "wrong", .item_size = 64, .align = 3}};
    return 1;
  } catch (const std::invalid_argument&) {
  }
  return items.stats().gets == 1 ? 0 : 1;
}
