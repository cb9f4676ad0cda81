// Entry point of the dbsnap program.
#include <csignal>
#include <string>
#include <vector>

#include "cli/program.hpp"

int main(int argc, char** argv) {
  // A reader that goes away (dbsnap list | head) is an ordinary write error, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
  return dbsnap::cli::run_program(std::vector<std::string>(argv + 1, argv + argc));
}
