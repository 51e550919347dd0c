// SPDX-License-Identifier: BSD-2-Clause
// What is alive in a pool: visited, and destroyed with it.
#include <cstdio>
#include <pool9/object_pool.hpp>

struct monster {
  int strength;
  ~monster() { std::printf("monster of %d ends\n", strength); }
};

int main() {
  pool9::object_pool<monster> monsters{{.name = "monsters", .at_destroy = pool9::on_live::destroy}};
  for (int strength = 1; strength <= 3; ++strength) monsters.make(strength).release();

  monsters.for_each_object([&](monster& m) {  // nobody else uses the pool meanwhile
    if (m.strength == 2) monsters.destroy(&m);
  });
}  // the other two end here
