// SPDX-License-Identifier: BSD-2-Clause
// A compiler whose default is an older C++ says first what it lacks.
// compile with: -std=c++17
// expect: error: .*pool9 needs C\+\+20
#include <pool9/object_pool.hpp>
