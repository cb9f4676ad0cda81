#include "engines/sqlite/connection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/posix_file.hpp"
#include "engines/sqlite/sqlite_error.hpp"

namespace dbsnap::sqlite {
namespace {

// SQLite's own VFS has been seen to cut a read at 131071 bytes.
constexpr std::size_t kLargestRequest = 65536;

std::string quoted(const std::string& identifier) {
  std::string text = "\"";
  for (const char c : identifier) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + "\"";
}

/// "file:" URI of a path, with everything escaped that a URI gives a meaning to.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file://";
  for (const char c : path) {
    if (c == '%') {
      uri += "%25";
    } else if (c == '?') {
      uri += "%3f";
    } else if (c == '#') {
      uri += "%23";
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

struct StatementCloser {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

Error source_error(int errno_value, const std::string& path) {
  if (errno_value == ENOENT || errno_value == ENOTDIR) {
    return Error(ErrorCode::source_unreachable, "there is no file " + path)
        .why(std::generic_category().message(errno_value))
        .native_code(errno_value)
        .hint("ls -l '" + folder_of(path) + "'")
        .with("path", path);
  }
  return posix_error(errno_value, "read", path).hint("ls -l '" + path + "'");
}

}  // namespace

std::uint64_t file_size_or_zero(const std::string& path) noexcept {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

void check_is_file(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) throw source_error(errno, path);
  if (S_ISDIR(info.st_mode)) {
    throw Error(ErrorCode::not_a_database, path + " is a folder, not a database file")
        .hint("ls -l '" + path + "'")
        .with("path", path);
  }
  if (!S_ISREG(info.st_mode)) {
    throw Error(ErrorCode::not_a_database, path + " is not a regular file")
        .hint("ls -l '" + path + "'")
        .with("path", path);
  }
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0) throw source_error(errno, path);
  if (info.st_size == 0 && file_size_or_zero(path + "-wal") > 0) {
    throw Error(ErrorCode::damaged, path + " is empty, but its write-ahead log is not")
        .why("opening the database would delete the log")
        .hint("ls -l '" + path + "' '" + path + "-wal'")
        .with("path", path);
  }
}

std::string path_of_schema(sqlite3* handle, const std::string& schema) {
  const char* name = sqlite3_db_filename(handle, schema.c_str());
  if (name == nullptr) {
    throw Error(ErrorCode::invalid_argument, "the connection has no schema named " + schema);
  }
  if (std::string_view(name).empty()) {
    throw Error(ErrorCode::unsupported, "schema " + schema + " of the connection is not kept in a file");
  }
  return name;
}

Connection Connection::open_file(const std::string& name, const std::string& path, int flags) {
  Connection connection;
  connection.path_ = path;
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
  connection.owned_ = Owned(handle);
  connection.handle_ = handle;
  if (code != SQLITE_OK) {
    const int os_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
    if (os_error == EACCES || os_error == EPERM) throw source_error(os_error, path);
    throw sqlite_error(code, "open", path, handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_int64 no_mapping = 0;  // a file that shrinks under a mapping would kill the process
  sqlite3_file_control(handle, "main", SQLITE_FCNTL_MMAP_SIZE, &no_mapping);
  return connection;
}

Connection Connection::open(const std::string& path) {
  check_is_file(path);
  return open_file(path, path, SQLITE_OPEN_READWRITE);
}

Connection Connection::open_immutable(const std::string& path) {
  check_is_file(path);
  return open_file(immutable_uri(path), path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
}

Connection Connection::borrow(sqlite3* handle, std::string schema) {
  Connection connection;
  connection.handle_ = handle;
  connection.path_ = path_of_schema(handle, schema);
  connection.schema_ = std::move(schema);
  return connection;
}

int Connection::execute(const std::string& sql) const noexcept {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? code : sqlite3_extended_errcode(handle_);
}

std::string Connection::pragma_text(const std::string& name) const { return "PRAGMA " + quoted(schema_) + "." + name; }

std::string Connection::pragma(const std::string& name) const {
  sqlite3_stmt* raw = nullptr;
  int code = sqlite3_prepare_v2(handle_, pragma_text(name).c_str(), -1, &raw, nullptr);
  const std::unique_ptr<sqlite3_stmt, StatementCloser> statement(raw);
  if (code == SQLITE_OK) code = sqlite3_step(raw);
  if (code == SQLITE_DONE) return {};
  if (code != SQLITE_ROW) throw error(sqlite3_extended_errcode(handle_), "read");
  const auto* text = sqlite3_column_text(raw, 0);
  return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text));
}

sqlite3_file* Connection::database_file() const {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle_, schema_.c_str(), SQLITE_FCNTL_FILE_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) throw error(code, "read");
  return file;
}

sqlite3_file* Connection::journal_file() const {
  sqlite3_file* file = nullptr;
  const int code = sqlite3_file_control(handle_, schema_.c_str(), SQLITE_FCNTL_JOURNAL_POINTER, &file);
  if (code != SQLITE_OK || file == nullptr || file->pMethods == nullptr) return nullptr;
  return file;
}

std::size_t Connection::largest_request(std::size_t page_size) const {
  sqlite3_vfs* vfs = nullptr;
  const int code = sqlite3_file_control(handle_, schema_.c_str(), SQLITE_FCNTL_VFS_POINTER, &vfs);
  const bool plain = code == SQLITE_OK && vfs != nullptr && std::string_view(vfs->zName).starts_with("unix");
  return plain ? kLargestRequest : page_size;
}

Error Connection::error(int code, const std::string& action) const {
  const int os_error = sqlite3_system_errno(handle_);
  if ((code & 0xff) == SQLITE_CANTOPEN && (os_error == EACCES || os_error == EPERM))
    return source_error(os_error, path_);
  // Ending a transaction after a failure replaces the message that belongs to it.
  const bool current = sqlite3_extended_errcode(handle_) == code;
  return sqlite_error(code, action, path_, current ? sqlite3_errmsg(handle_) : sqlite3_errstr(code));
}

void Connection::close_tidily() const noexcept {
  if (is_owned()) sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

void Connection::close() noexcept {
  owned_.reset();
  handle_ = nullptr;
}

}  // namespace dbsnap::sqlite
