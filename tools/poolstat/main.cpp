// SPDX-License-Identifier: BSD-2-Clause
// poolstat: what the pools of a process, or of a core file, hold and do.  See poolstat(1).
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <thread>

#include "view.hpp"

namespace {

using namespace poolstat;

struct options {
  std::pair<std::string, std::string> core;  // the file, and the program it is of
  std::vector<std::string> words;
  double interval = 0;  // seconds; 0: once
  int times = -1;       // no end
  bool json = false, openmetrics = false;
};

/// What the first word names, or the core file; `words` loses it.
std::unique_ptr<target> open(options& o) {
  if (!o.core.first.empty()) return open_core(o.core.first, o.core.second);
  if (o.words.empty()) throw trouble(exit_code::usage, "of which process?  (poolstat --help)");
  const std::string word = o.words.front();
  o.words.erase(o.words.begin());
  std::size_t used = 0;
  int pid = 0;
  try {
    pid = std::stoi(word, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != word.size() || pid <= 0)
    throw trouble(exit_code::usage, "'" + word + "' is no process number");
  return open_process(pid);
}

exit_code end_of(const reader& r) {
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw trouble(exit_code::incomplete, "standard output takes no more");
  if (!r.is_incomplete()) return exit_code::fine;
  std::fprintf(stderr,
               "poolstat: incomplete: it changed too fast, or stands still in a change, or the "
               "core file was cut\n");
  return exit_code::incomplete;
}

exit_code show(reader& r, const options& o) {
  print(o.json          ? pool9::stats_format::json
        : o.openmetrics ? pool9::stats_format::openmetrics
                        : pool9::stats_format::table,
        r.pools());
  return end_of(r);
}

/// Until the process ends, or so many times.
exit_code watch(const target& in, reader& r, const options& o) {
  using clock = std::chrono::steady_clock;
  const bool on_screen = ::isatty(STDOUT_FILENO) == 1;
  auto before = r.pools();
  auto since = clock::now();
  for (int i = 0; o.times < 0 || i < o.times; ++i) {
    std::this_thread::sleep_for(std::chrono::duration<double>(o.interval));
    auto now = r.pools();
    const auto then = std::exchange(since, clock::now());
    if (on_screen) std::printf("\033[H\033[2J%s, every %g s\n\n", in.name().c_str(), o.interval);
    print_rates(before, now, std::chrono::duration<double>(since - then).count());
    if (!on_screen) std::printf("\n");
    if (std::fflush(stdout) != 0) break;
    before = std::move(now);
  }
  return end_of(r);
}

/// The pools that the word names: by number, or all of that name.
exit_code for_named(reader& r, const options& o, void (*f)(target&, reader&, const reader::pool&),
                    target& in) {
  if (o.words.size() != 1) throw trouble(exit_code::usage, "of which pool?  (poolstat --help)");
  const std::string& name = o.words.front();
  bool any = false;
  for (const reader::pool& p : r.pools()) {
    if (name != p.stats.name && name != std::to_string(p.stats.id)) continue;
    any = true;
    f(in, r, p);
  }
  if (!any) throw trouble(exit_code::no_pools, in.name() + " has no pool '" + name + "'");
  return end_of(r);
}

/// Seconds between two looks; else what is wrong with them.
std::string check_interval(const std::string& text) {
  constexpr double least = 0.01, most = 1e6;
  char* end = nullptr;
  const double seconds = std::strtod(text.c_str(), &end);
  if (*end == '\0' && seconds >= least && seconds <= most) return {};
  return "'" + text + "' is no number of seconds from 0.01 to 1000000";
}

exit_code run(const CLI::App& app, options& o) {
  if (!app.get_subcommands().empty() && (o.json || o.openmetrics || o.interval > 0))
    throw trouble(exit_code::usage, app.get_subcommands().front()->get_name() +
                                        " prints text, once: without --json, --openmetrics, -w");
  const std::unique_ptr<target> in = open(o);
  reader r(*in);
  if (app.got_subcommand("waiters"))
    return for_named(
        r, o,
        [](target& t, reader& from, const reader::pool& p) {
          print_waiters(t, p, from.waiters(p));
        },
        *in);
  if (app.got_subcommand("who"))
    return for_named(
        r, o,
        [](target& t, reader& from, const reader::pool& p) {
          print_holders(t, p, from.items_out(p));
        },
        *in);
  if (!o.words.empty()) throw trouble(exit_code::usage, "what is '" + o.words.front() + "'?");
  return o.interval > 0 ? watch(*in, r, o) : show(r, o);
}

}

int main(int argc, char** argv) {
  CLI::App app{
      "Shows what the pools of a process hold and do.  It stops nothing, and needs no "
      "help from the process.",
      "poolstat"};
  options o;
  app.add_option("--core", o.core, "CORE EXE: look into a core file, and the program it is of");
  app.add_flag("--json", o.json, "print JSON");
  app.add_flag("--openmetrics", o.openmetrics, "print OpenMetrics")->excludes("--json");
  app.add_option("-w", o.interval, "again and again, with rates")
      ->check(check_interval)
      ->type_name("SECONDS")
      ->excludes("--core")
      ->excludes("--json")
      ->excludes("--openmetrics");
  app.add_option("-n", o.times, "so many times")
      ->needs("-w")
      ->check(CLI::Range(1, std::numeric_limits<int>::max()));
  app.add_option("PID", o.words, "the process");
  const char* const of_pool = "PID POOL; the pool by its number or name";
  for (CLI::App* const sub : {app.add_subcommand("waiters", "who waits for an item of a pool"),
                              app.add_subcommand("who", "who holds the items that are out")}) {
    sub->add_option("words", o.words, of_pool);
    sub->fallthrough();
  }
  app.require_subcommand(0, 1);
  app.footer(
      "Ends with 0, or 1: usage, 2: no such process or no permission, 3: no pools,\n"
      "4: incomplete.  See poolstat(1).");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : static_cast<int>(exit_code::usage);
  }
  try {
    return static_cast<int>(run(app, o));
  } catch (const trouble& t) {
    std::fflush(stdout);
    std::fprintf(stderr, "poolstat: %s\n", t.what());
    return static_cast<int>(t.code);
  }
}
