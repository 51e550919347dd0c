// SPDX-License-Identifier: BSD-2-Clause
// Linux: who is told when the program touches what it may not.
#include <csignal>

#include "base/os.hpp"

namespace pool9::base::os {
namespace {

constinit fault_reporter reporter = nullptr;
constinit struct sigaction before = {};

/// Tells whoever is to be told, and then does what would have been done without.
void on_signal(int signal, siginfo_t* info, void* context) {
  const bool is_sent = info->si_code <= 0;  // by somebody; else the program touched what it may not
  if (!is_sent) reporter(info->si_addr);
  if (before.sa_handler == SIG_IGN && is_sent) return;
  if (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN) {
    ::signal(signal, SIG_DFL);
    if (is_sent) raise(signal);
    return;  // otherwise the same instruction faults again, and the core file shows it
  }
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  before.sa_handler(signal);
}

}

void on_fault(fault_reporter r) noexcept {
  reporter = r;
  sigaction(SIGSEGV, nullptr, &before);  // whoever is told first must know it
  struct sigaction ours = before;        // with the mask and the flags that its handler counts on
  ours.sa_sigaction = on_signal;
  ours.sa_flags |= SA_SIGINFO | SA_ONSTACK;
  // "Once" is said of a handler: what is ignored stays so.
  if (before.sa_handler == SIG_IGN) ours.sa_flags &= ~static_cast<int>(SA_RESETHAND);
  sigaction(SIGSEGV, &ours, nullptr);
}

}
