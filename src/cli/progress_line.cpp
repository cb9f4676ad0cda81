// Progress reports as text, no more often than somebody reads them.
#include "cli/progress_line.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/text.hpp"

namespace dbsnap::cli {
namespace {

constexpr std::chrono::seconds kPlainInterval{30};
constexpr std::chrono::seconds kJsonInterval{1};
constexpr std::size_t kBarCells = 16;

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

double share_done(const Progress& progress) {
  if (!progress.bytes_total || *progress.bytes_total == 0) return 0;
  return std::min(1.0, static_cast<double>(progress.bytes_done) / static_cast<double>(*progress.bytes_total));
}

std::string bar(double share) {
  const auto full = static_cast<std::size_t>(share * static_cast<double>(kBarCells));
  return '[' + std::string(full, '#') + std::string(kBarCells - full, '.') + ']';
}

/// The first `columns` columns of UTF-8 text.
std::string cut_to(std::string text, std::size_t columns) {
  while (display_width(text) > columns) {
    text.pop_back();
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) text.pop_back();
  }
  return text;
}

}  // namespace

ProgressLine::ProgressLine(Console& console, const std::string& label, const Clock& clock)
    : console_(console), label_(printable(label)), clock_(clock), mode_(chosen_mode()), started_(clock.monotonic()) {}

ProgressLine::~ProgressLine() {
  if (mode_ == Mode::bar) console_.transient("");
}

ProgressLine::Mode ProgressLine::chosen_mode() const {
  const std::string& wanted = console_.options().progress;
  if (wanted == "bar") return Mode::bar;
  if (wanted == "plain") return Mode::plain;
  if (wanted == "json") return Mode::json;
  if (wanted == "none" || console_.quiet()) return Mode::none;
  return console_.error_is_terminal() ? Mode::bar : Mode::plain;
}

void ProgressLine::show(const Progress& progress) {
  if (mode_ == Mode::none) return;
  const std::lock_guard lock(mutex_);
  const MonotonicTime now = clock_.monotonic();
  const bool new_phase = phase_ != progress.phase;
  phase_ = progress.phase;
  if (mode_ == Mode::bar) {
    console_.transient(cut_to(bar_line(progress), terminal_columns() - 1));
    return;
  }
  const bool every_phase = mode_ == Mode::json || console_.verbose() || console_.options().progress == "plain";
  const auto interval = mode_ == Mode::json ? kJsonInterval : kPlainInterval;
  const bool due = now - written_.value_or(started_) >= interval;
  if (!due && !(new_phase && every_phase)) return;
  written_ = now;
  console_.line(mode_ == Mode::json ? json_line(progress)
                                    : fmt::format("{}: {}", titled(progress, " "), counters(progress)));
}

std::string ProgressLine::titled(const Progress& progress, std::string_view gap) const {
  const std::string_view phase = name_of(progress.phase);
  return label_ == phase ? label_ : fmt::format("{}{}{}", label_, gap, phase);
}

std::string ProgressLine::counters(const Progress& progress) const {
  const double seconds = std::chrono::duration<double>(clock_.monotonic() - started_).count();
  const double rate = seconds > 0.2 ? static_cast<double>(progress.bytes_done) / seconds : 0;
  std::string text = size_text(progress.bytes_done);
  if (progress.bytes_total) text += fmt::format(" of {}", size_text(*progress.bytes_total));
  if (rate >= 1) text += fmt::format("  {}/s", size_text(static_cast<std::uint64_t>(rate)));
  if (progress.bytes_new > 0) text += fmt::format("  new {}", size_text(progress.bytes_new));
  if (progress.bytes_stored > 0) text += fmt::format("  stored {}", size_text(progress.bytes_stored));
  if (rate >= 1 && progress.bytes_total && *progress.bytes_total > progress.bytes_done) {
    const double left = static_cast<double>(*progress.bytes_total - progress.bytes_done) / rate;
    text += fmt::format("  ETA {}", elapsed_text(std::chrono::nanoseconds(static_cast<std::int64_t>(left * 1e9))));
  }
  return text;
}

std::string ProgressLine::bar_line(const Progress& progress) const {
  std::string line = titled(progress, "  ");
  if (progress.bytes_total) {
    const double share = share_done(progress);
    line += fmt::format("  {} {:3.0f} %", bar(share), share * 100);
  }
  return fmt::format("{}  {}  {}", line, counters(progress), printable(progress.item));
}

std::string ProgressLine::json_line(const Progress& progress) const {
  nlohmann::ordered_json line;
  line["label"] = label_;
  line["phase"] = name_of(progress.phase);
  line["item"] = progress.item;
  line["bytes_done"] = progress.bytes_done;
  if (progress.bytes_total) line["bytes_total"] = *progress.bytes_total;
  line["bytes_new"] = progress.bytes_new;
  line["bytes_stored"] = progress.bytes_stored;
  line["items_done"] = progress.items_done;
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace dbsnap::cli
