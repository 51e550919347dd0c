// SPDX-License-Identifier: BSD-2-Clause
#pragma once
#include <boost/pool/pool.hpp>
