// SPDX-License-Identifier: BSD-2-Clause
// Runs the benchmarks with a second thread in the process, which sleeps all the time: without one,
// locks may be cheaper than any program that needs them will ever see.
#include <benchmark/benchmark.h>

#include <semaphore>
#include <thread>

int main(int argc, char** argv) {
  std::binary_semaphore end{0};
  const std::jthread beside([&] { end.acquire(); });
  benchmark::Initialize(&argc, argv);
  if (!benchmark::ReportUnrecognizedArguments(argc, argv)) benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  end.release();
}
