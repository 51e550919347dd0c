// SPDX-License-Identifier: BSD-2-Clause
// One contender in one workload, in a process of its own.  ./dev bench runs many of these and lets
// them take turns; by hand:
//
//     echo 1000000 | build/bench/bench/peers/worker --contender malloc --workload W1 --size 64
//
// A second thread sleeps beside all of it: in a process with one thread, locks may be cheaper than
// any program that needs them will ever see.
#include <CLI/CLI.hpp>
#include <semaphore>
#include <thread>

#include "contender.hpp"
#include "pin.hpp"

namespace {

void list_contenders() {
  for (const peers::entry& e : peers::entries()) std::cout << e.name << '\n';
}

void run(const peers::options& o) {
  for (const peers::entry& e : peers::entries())
    if (e.name == o.contender) return e.serve(o);
  throw std::invalid_argument("no such contender: " + o.contender);
}

}

int main(int argc, char** argv) {
  peers::options o;
  bool only_list = false;
  CLI::App app("One contender in one workload: reads numbers of operations, writes figures.");
  app.option_defaults()->always_capture_default();
  app.add_flag("--list", only_list, "print the names of the contenders, and do nothing else");
  app.add_option("--contender", o.contender, "who");
  app.add_option("--workload", o.workload, "what: W1, W1roll, W2random and so on");
  app.add_option("--size", o.size, "bytes of an item")->check(CLI::Range(16, 1 << 20));
  app.add_option("--threads", o.n_threads, "threads, an even number")->check(CLI::Range(2, 1024));
  app.add_flag("--first", o.is_first, "run before other processes, if that is allowed");
  app.add_option("--cpus", o.cpus, "processors to run on")->delimiter(',');
  CLI11_PARSE(app, argc, argv);

  std::binary_semaphore end{0};
  const std::jthread beside([&] { end.acquire(); });
  int status = 0;
  try {
    // The main thread is the last one of a team, if there is any, and sleeps while that works.
    if (!o.cpus.empty()) peers::pin(o.cpus.size() - 1, o.cpus);
    only_list ? list_contenders() : run(o);
  } catch (const std::exception& e) {
    std::cerr << e.what() << '\n';
    status = 1;
  }
  end.release();
  return status;
}
