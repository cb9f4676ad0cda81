// SQLite's result codes as dbsnap errors, and waiting for a lock that another process holds.
#pragma once

#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <string>

#include "dbsnap/context.hpp"
#include "dbsnap/error.hpp"

namespace dbsnap::sqlite {

/// Error for extended result code `code` met while doing `action` ("read", "open") to the database
/// at `path`. `words` are SQLite's own.
Error sqlite_error(int code, const std::string& action, const std::string& path, const std::string& words);

/// True when another connection holds a lock, so that the same call may succeed a moment later.
[[nodiscard]] bool is_busy(int code) noexcept;

/// Repeats `attempt` while it returns a busy code and `timeout` has not passed; returns its last code.
/// Polls instead of installing a busy handler: a host's connection keeps its own.
int retry_while_busy(std::chrono::milliseconds timeout, const Context& context, const std::function<int()>& attempt);

}  // namespace dbsnap::sqlite
