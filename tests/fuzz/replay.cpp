// SPDX-License-Identifier: BSD-2-Clause
// Replays corpora: files with an input on every line, in hexadecimal digits.
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n);

int main(int n_arguments, char** arguments) {
  std::size_t n_inputs = 0;
  for (int i = 1; i < n_arguments; ++i) {
    std::ifstream corpus(arguments[i]);
    for (std::string line; std::getline(corpus, line); ++n_inputs) {
      std::vector<std::uint8_t> bytes;
      for (std::size_t at = 0; at + 1 < line.size(); at += 2)
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(line.substr(at, 2), nullptr, 16)));
      LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
  }
  std::cout << n_inputs << " inputs\n";
  return n_inputs != 0 ? 0 : 1;
}
