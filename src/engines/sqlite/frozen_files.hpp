// Proof that files which could not be locked did not change while they were read.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

#include "dbsnap/context.hpp"

namespace dbsnap::sqlite {

class FrozenFiles {
 public:
  /// Notes the state of a database, its log and its journal. Waits until the newest change is old enough
  /// for the next one to get another time stamp.
  FrozenFiles(std::string path, const Context& context);

  /// Throws Error{locked}, retryable, when one of the files has changed, come or gone since.
  void check_unchanged() const;

 private:
  struct State {
    bool exists = false;
    struct stat info {};
  };
  [[nodiscard]] std::vector<State> look() const;

  std::string path_;
  std::vector<State> before_;
};

}  // namespace dbsnap::sqlite
