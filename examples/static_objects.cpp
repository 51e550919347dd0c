// SPDX-License-Identifier: BSD-2-Clause
// A pool that is a variable of the program: there before main, and its pointers are one word.
#include <cstdio>
#include <pool9/object_pool.hpp>

struct session {
  int id;
};
constinit pool9::object_pool<session> sessions{
    {.name = "sessions", .hard_limit = 64, .at_destroy = pool9::on_live::leak}};

using session_ptr = pool9::pooled_ptr_of<sessions>;
static_assert(sizeof(session_ptr) == sizeof(void*));

session_ptr open_session(int id) { return pool9::make<sessions>(id); }

const session_ptr before_main = open_session(1);

int main() {
  const session_ptr s = open_session(2);
  std::printf("sessions %d and %d\n", before_main->id, s->id);
}
