// Cancellation and deadline of a call.
#include "dbsnap/context.hpp"

#include "dbsnap/error.hpp"

namespace dbsnap {

std::string_view name_of(Phase phase) noexcept {
  switch (phase) {
    case Phase::connect:
      return "connect";
    case Phase::read:
      return "read";
    case Phase::commit:
      return "commit";
    case Phase::restore:
      return "restore";
    case Phase::verify:
      return "verify";
    case Phase::prune:
      return "prune";
    case Phase::export_:
      return "export";
    case Phase::import_:
      return "import";
    case Phase::copy:
      return "copy";
  }
  return "work";
}

void Context::check() const {
  if (stop.stop_requested()) throw Error(ErrorCode::cancelled, "the operation was cancelled");
  if (deadline && clock->monotonic() >= *deadline) {
    throw Error(ErrorCode::deadline_exceeded, "the operation did not finish before its deadline").retryable();
  }
}

}  // namespace dbsnap
