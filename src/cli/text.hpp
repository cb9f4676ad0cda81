// Small pieces of text for people: sizes, durations, short ids, and the numbers they type.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/clock.hpp"

namespace dbsnap::cli {

/// "812 B", "1.2 KiB", "43 MiB".
std::string size_text(std::uint64_t size_bytes);

/// "0.4 s", "12 s", "1:22", "1:02:03".
std::string elapsed_text(std::chrono::nanoseconds elapsed);

/// "2026-11-21 07:26:51", in UTC, without a fraction: for tables, whose heading names the zone.
std::string table_time(TimePoint time);

/// "1 snapshot", "3 snapshots".
std::string counted(std::uint64_t count, std::string_view one);

/// First digits of an id, enough for people to copy.
std::string short_id(std::string_view id);

/// How many digits tell all `ids` apart, at least eight.
std::size_t distinct_prefix(const std::vector<std::string>& ids);

/// Text with control characters replaced, so that a name in a repository cannot steer the terminal.
std::string printable(std::string_view text);

/// Columns that UTF-8 text takes on a terminal, one for each code point.
std::size_t display_width(std::string_view text);

/// Items as one text with `separator` between them.
std::string joined(const std::vector<std::string>& items, std::string_view separator);

/// Text as one word for a POSIX shell, quoted only where needed.
std::string shell_word(std::string_view text);

}  // namespace dbsnap::cli
