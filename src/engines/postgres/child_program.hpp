// A program of PostgreSQL's that runs beside us: started without a shell, its output read through a pipe, its last
// words kept, and never left behind.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"

namespace dbsnap::postgres {

using Variables = std::vector<std::pair<std::string, std::string>>;

/// Used by one thread at a time. Its destructor ends a program that is still running, and waits for it.
class ChildProgram {
 public:
  /// `argv[0]` is a path; `environment` is all that the program sees; `end_signal` asks it to end.
  ChildProgram(const std::vector<std::string>& argv, const Variables& environment, int end_signal = SIGTERM);
  ~ChildProgram();
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  /// Fills `out` from its start; 0 at the end of the program's output.
  std::size_t read(MutableByteView out, const Context& context);
  /// After the end of output: waits, and throws an Error with its words when the program has failed; its code follows
  /// from them as far as they say.
  void finish(const Context& context);
  /// What it has said on standard error, at most 64 KiB from the start.
  [[nodiscard]] const std::string& words() const noexcept { return words_; }
  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

 private:
  void take_words();
  void end() noexcept;

  std::string name_;
  int end_signal_;
  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  std::string words_;
};

}  // namespace dbsnap::postgres
