// SPDX-License-Identifier: BSD-2-Clause
// What Boost.Pool's test of threads uses of Boost.Thread, which has to be linked with.
#pragma once
#include <boost/shared_ptr.hpp>
#include <list>
#include <thread>

namespace boost {
using std::thread;
}
