// ProgressLine: shows a running operation, as one redrawn line, plain lines or JSON lines.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "cli/console.hpp"
#include "dbsnap/context.hpp"

namespace dbsnap::cli {

/// Takes the library's progress reports for one source or snapshot called `label`. On a terminal it
/// redraws one line; otherwise it writes a line every 30 seconds, and with --verbose one for each
/// phase. Removes its line when it is destroyed.
class ProgressLine {
 public:
  ProgressLine(Console& console, const std::string& label, const Clock& clock);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const Progress& progress);

 private:
  enum class Mode { none, bar, plain, json };

  [[nodiscard]] Mode chosen_mode() const;
  [[nodiscard]] std::string titled(const Progress& progress, std::string_view gap) const;
  [[nodiscard]] std::string counters(const Progress& progress) const;
  [[nodiscard]] std::string bar_line(const Progress& progress) const;
  [[nodiscard]] std::string json_line(const Progress& progress) const;

  Console& console_;
  std::string label_;
  const Clock& clock_;
  Mode mode_;
  MonotonicTime started_;
  std::optional<MonotonicTime> written_;  // when the last line was written
  std::optional<Phase> phase_;
  std::mutex mutex_;
};

}  // namespace dbsnap::cli
