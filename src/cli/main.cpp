// Entry point of the dbsnap program.
#include <csignal>
#include <string>
#include <vector>

#include "cli/program.hpp"

int main(int argc, char** argv) {
  // A reader that goes away (dbsnap list | head) and a file-size limit (ulimit -f) are ordinary
  // write errors, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return dbsnap::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
}
