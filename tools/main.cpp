// SPDX-License-Identifier: MIT
// swconv: what the library does on this machine, and a use of it.
#include <cstdio>

#include "command.hpp"
#if SWCONV_TOOL_OPENMP
#include "swconv/openmp.h"
#endif

namespace swconv_tool {

const swconv_threads *threads_of(unsigned count) {
  if (count <= 1) return nullptr;
#if SWCONV_TOOL_OPENMP
  static swconv_threads threads;
  swconv_threads_init(&threads);
  if (swconv_openmp_threads(&threads, count) == SWCONV_OK) return &threads;
#endif
  throw std::runtime_error("this build has no threads: swconv::openmp was left out");
}

}  // namespace swconv_tool

int main(int argc, char **argv) {
  CLI::App app{"Convolution and pooling on CPUs by sliding windows: a look into the library."};
  app.name("swconv");
  app.require_subcommand(1);
  app.set_version_flag("--version", [] {
    const auto version = swconv_version();
    return std::to_string(version / 1000000) + "." + std::to_string(version / 1000 % 1000) + "." +
           std::to_string(version % 1000);
  });
  app.footer(
      "Examples:\n"
      "  swconv info\n"
      "  swconv explain conv2d --src 1x72x56x56 --filter 72x1x5x5 --stride 2 --groups 72\n"
      "  swconv explain maxpool2d --src 1x64x112x112 --window 3 --stride 2 --pad 1 --time\n"
      "  swconv filter photo.jpg blurred.png --kernel gaussian:7\n"
      "`swconv COMMAND --help` says more. Exit codes: 0 done, 1 failed, 2 wrong arguments.");
  swconv_tool::add_info(app);
  swconv_tool::add_explain(app);
  swconv_tool::add_filter(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError &e) {
    // CLI11 says that a command is missing, but not what stands in its place.
    const auto words = app.remaining();
    if (e.get_exit_code() != 0 && app.get_subcommands().empty() && !words.empty()) {
      std::fprintf(stderr, "'%s' is no command of swconv.\nRun with --help for more information.\n",
                   words.front().c_str());
      return 2;
    }
    return app.exit(e) == 0 ? 0 : 2;
  } catch (const std::bad_alloc &) {
    std::fprintf(stderr, "swconv: not enough memory\n");
    return 1;
  } catch (const std::exception &e) {
    std::fprintf(stderr, "swconv: %s\n", e.what());
    return 1;
  }
  return 0;
}
