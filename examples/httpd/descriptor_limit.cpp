// SPDX-License-Identifier: BSD-2-Clause
#include "descriptor_limit.hpp"

#include <sys/resource.h>

namespace httpd {

std::size_t raise_descriptor_limit(std::size_t wanted) noexcept {
  rlimit now{};
  if (::getrlimit(RLIMIT_NOFILE, &now) != 0) return 0;
  if (now.rlim_max < wanted) {
    const rlimit more{wanted, wanted};  // only root may
    if (::setrlimit(RLIMIT_NOFILE, &more) == 0) return wanted;
  }
  const rlimit most{now.rlim_max, now.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &most) == 0 ? most.rlim_cur : now.rlim_cur;
}

}  // namespace httpd
