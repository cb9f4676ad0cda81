#include "engines/sqlite/file_access.hpp"

#include <algorithm>

#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {

std::size_t SqliteFileReader::read_at(MutableByteView out, std::uint64_t offset) {
  std::size_t done = 0;
  bool may_have_grown = true;
  while (done < out.size()) {
    const std::size_t want = std::min(out.size() - done, largest_request_);
    const std::uint64_t at = offset + done;
    const int code =
        file_->pMethods->xRead(file_, out.data() + done, static_cast<int>(want), static_cast<sqlite3_int64>(at));
    if (code == SQLITE_OK) {
      done += want;
      continue;
    }
    if (code != SQLITE_IOERR_SHORT_READ) throw sqlite_error(code, "read", path_, sqlite3_errstr(code));
    // A short read does not say how short; the size does, unless the file has grown since.
    const std::uint64_t now = size();
    if (now >= at + want && may_have_grown) {
      may_have_grown = false;
      continue;
    }
    return done + static_cast<std::size_t>(now > at ? std::min<std::uint64_t>(now - at, want) : 0);
  }
  return done;
}

std::uint64_t SqliteFileReader::size() {
  sqlite3_int64 bytes = 0;
  const int code = file_->pMethods->xFileSize(file_, &bytes);
  if (code != SQLITE_OK) throw sqlite_error(code, "read the size of", path_, sqlite3_errstr(code));
  return static_cast<std::uint64_t>(bytes);
}

}  // namespace dbsnap::sqlite
