// SPDX-License-Identifier: MIT
// The entry point of libFuzzer, and for builds without it a main that replays a corpus:
//     fuzz_replay CORPUS.txt FINDING...
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "backend.hpp"
#include "check.hpp"
#include "input.hpp"

namespace {

void print_counts() { std::fprintf(stderr, "%s", swconv_test::input_counts().c_str()); }

}  // namespace

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  if (swconv_test::isas().empty()) swconv_test::finding("no instruction set to test");
  swconv_test::input_counts();  // what it uses must be made before, to be there at the end
  std::atexit(print_counts);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  swconv_test::run_input(data, size);
  return 0;
}

#if defined(SWCONV_TEST_REPLAY)
namespace {

// A kept corpus is a text of one input per line, in hexadecimal digits; anything else is an input.
int64_t replay_corpus(std::istream &lines) {
  int64_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < line.size(); i += 2)
      bytes.push_back(static_cast<uint8_t>(std::stoi(line.substr(i, 2), nullptr, 16)));
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return count;
}

int64_t replay_input(std::istream &in) {
  const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t *>(bytes.data()), bytes.size());
  return 1;
}

}  // namespace

int main(int argc, char **argv) {
  swconv_test::report_case_on_crash();
  LLVMFuzzerInitialize(&argc, &argv);
  int64_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    std::ifstream in(name, std::ios::binary);
    const bool corpus = name.size() > 4 && name.compare(name.size() - 4, 4, ".txt") == 0;
    replayed += corpus ? replay_corpus(in) : replay_input(in);
  }
  std::printf("%lld inputs replayed\n", static_cast<long long>(replayed));
  return replayed > 0 ? 0 : 1;
}
#endif
