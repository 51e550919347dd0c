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
  if (info->si_code > 0) reporter(info->si_addr);  // else somebody sent it
  if ((before.sa_flags & SA_SIGINFO) != 0) return before.sa_sigaction(signal, info, context);
  if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN)
    return before.sa_handler(signal);
  ::signal(signal, SIG_DFL);
  if (info->si_code <= 0) raise(signal);
  // Otherwise the same instruction faults again, and the core file shows it.
}

}

void on_fault(fault_reporter r) noexcept {
  reporter = r;
  struct sigaction ours = {};
  ours.sa_sigaction = on_signal;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGSEGV, nullptr, &before);  // whoever is told first must know it
  sigaction(SIGSEGV, &ours, nullptr);
}

}
