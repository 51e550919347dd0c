// SPDX-License-Identifier: BSD-2-Clause
// Nothing waits in a pool for one thread.
// expect: detail::waits|waits<
#include <pool9/object_pool.hpp>
#include <pool9/unsynchronized_pool.hpp>

pool9::object_pool<int, pool9::unsynchronized_pool> numbers;
const auto wrong = numbers.try_make_for(std::chrono::seconds(1), 1);
