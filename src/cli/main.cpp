// Entry point of the dbsnap program.
#include <csignal>
#include <string>
#include <vector>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "cli/program.hpp"

namespace {

// Left alone, glibc keeps freed packs and frames, in an arena for each thread: up to half of a backup's peak.
// docs/design/0010-far-reads-and-memory.md has the measurements.
void keep_memory_small() {
#ifdef __GLIBC__
  constexpr int kLargeBlock = 4 * 1024 * 1024;
  constexpr int kArenas = 1;
  static_cast<void>(mallopt(M_MMAP_THRESHOLD, kLargeBlock));
  static_cast<void>(mallopt(M_TRIM_THRESHOLD, kLargeBlock));
  static_cast<void>(mallopt(M_ARENA_MAX, kArenas));
#endif
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory_small();
  // A reader that goes away (dbsnap list | head) and a file-size limit (ulimit -f) are ordinary
  // write errors, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return dbsnap::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
}
