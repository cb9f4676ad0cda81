#include "sinks/sftp/remote_files.hpp"

#include <algorithm>

namespace dbsnap::sftp {
namespace {

/// Bytes in one request: what every server takes.
constexpr std::size_t kPart = 32 * 1024;
/// Requests on their way at once; 1 MiB is less than what servers let a client send unasked.
constexpr std::size_t kWindow = 32;

Attributes known_attributes(const Reply& reply, const std::string& path) {
  const Attributes attributes = PacketReader(reply.body).attributes();
  require_known(attributes, path);
  return attributes;
}

std::optional<Attributes> attributes_or_nothing(Connection& connection, PacketType how, const std::string& path,
                                                const Context& context) {
  const Reply reply = connection.call(how, PacketWriter().text(path), context);
  if (reply.type == PacketType::attributes) return known_attributes(reply, path);
  if (is_absence(reply.status())) return std::nullopt;
  throw refusal(reply, connection, "look at", path);
}

void require_ok(const Reply& reply, const Connection& connection, const std::string& what, const std::string& path) {
  if (reply.type != PacketType::status || reply.status() != Status::ok) throw refusal(reply, connection, what, path);
}

}  // namespace

bool is_absence(Status status) noexcept { return status == Status::no_such_file || status == Status::no_such_path; }

void require_known(const Attributes& attributes, const std::string& path) {
  if (attributes.mode && attributes.size) return;
  throw Error(ErrorCode::io, "the SFTP server does not say what " + path + " is").with("path", path);
}

Error refusal(const Reply& reply, const Connection& connection, const std::string& what, const std::string& path) {
  const Status status = reply.status();
  ErrorCode code = ErrorCode::io;
  if (status == Status::permission_denied || status == Status::write_protected) code = ErrorCode::access_refused;
  if (status == Status::no_space || status == Status::quota_exceeded) code = ErrorCode::no_space;
  if (is_absence(status)) code = ErrorCode::not_found;
  if (status == Status::unsupported) code = ErrorCode::unsupported;
  return Error(code, "cannot " + what + " " + path + " on " + connection.login().place())
      .why(reply.type == PacketType::status ? reply.words() : "the answer is not what the protocol asks for")
      .native_code(static_cast<long>(status))
      .with("path", path);
}

RemoteHandle::~RemoteHandle() {
  if (connection_ == nullptr) return;
  try {
    connection_->ignore(connection_->send(PacketType::close, PacketWriter().text(handle_)));
  } catch (const Error&) {
    // The connection is gone, and the handle with it.
    connection_ = nullptr;
  }
}

std::optional<RemoteHandle> handle_of(Connection& connection, const Reply& reply) {
  if (reply.type != PacketType::handle) return std::nullopt;
  return RemoteHandle(connection, PacketReader(reply.body).text());
}

RequestId send_create(Connection& connection, const std::string& path, std::uint32_t mode) {
  return connection.send(PacketType::open,
                         PacketWriter().text(path).u32(kOpenWrite | kOpenCreate | kOpenExclusive).permissions(mode));
}

RequestId send_open(Connection& connection, const std::string& path) {
  return connection.send(PacketType::open, PacketWriter().text(path).u32(kOpenRead).no_attributes());
}

RequestId send_make_folder(Connection& connection, const std::string& path, std::uint32_t mode) {
  return connection.send(PacketType::mkdir, PacketWriter().text(path).permissions(mode));
}

RequestId send_remove(Connection& connection, const std::string& path) {
  return connection.send(PacketType::remove, PacketWriter().text(path));
}

RequestId send_fsync(Connection& connection, const RemoteHandle& file) {
  return connection.send(PacketType::extended, PacketWriter().text(kFsync).text(file.text()));
}

RequestId send_link(Connection& connection, const std::string& from, const std::string& to) {
  return connection.send(PacketType::extended, PacketWriter().text(kHardlink).text(from).text(to));
}

RequestId send_replace(Connection& connection, const std::string& from, const std::string& to) {
  return connection.send(PacketType::extended, PacketWriter().text(kPosixRename).text(from).text(to));
}

RequestId send_rename(Connection& connection, const std::string& from, const std::string& to) {
  return connection.send(PacketType::rename, PacketWriter().text(from).text(to));
}

std::optional<Attributes> look_at(Connection& connection, const std::string& path, const Context& context) {
  return attributes_or_nothing(connection, PacketType::lstat, path, context);
}

std::optional<Attributes> look_behind(Connection& connection, const std::string& path, const Context& context) {
  return attributes_or_nothing(connection, PacketType::stat, path, context);
}

Attributes look_at(Connection& connection, const RemoteHandle& file, const std::string& path, const Context& context) {
  const Reply reply = connection.call(PacketType::fstat, PacketWriter().text(file.text()), context);
  if (reply.type != PacketType::attributes) throw refusal(reply, connection, "look at", path);
  return known_attributes(reply, path);
}

void write_all(Connection& connection, const RemoteHandle& file, const std::string& path, ByteView bytes,
               const Context& context) {
  Pending<std::uint64_t> parts(connection);
  const auto finish_one = [&] { require_ok(parts.next(context).first, connection, "write", path); };
  for (std::size_t at = 0; at < bytes.size(); at += kPart) {
    if (parts.size() == kWindow) finish_one();
    const ByteView part = bytes.subspan(at, std::min(kPart, bytes.size() - at));
    parts.add(connection.send(PacketType::write, PacketWriter().text(file.text()).u64(at).bytes(part)), at);
  }
  while (!parts.empty()) finish_one();
}

Bytes read_exactly(Connection& connection, const RemoteHandle& file, const std::string& path, std::uint64_t offset,
                   std::uint64_t length, const Context& context) {
  Bytes result(length);
  Pending<ByteRange> parts(connection);
  const auto request = [&](std::uint64_t at, std::uint64_t size) {
    const auto part = PacketWriter().text(file.text()).u64(offset + at).u32(static_cast<std::uint32_t>(size));
    parts.add(connection.send(PacketType::read, part), {at, size});
  };
  std::uint64_t asked = 0;
  for (;;) {
    for (; parts.size() < kWindow && asked < length; asked += kPart) {
      request(asked, std::min<std::uint64_t>(kPart, length - asked));
    }
    if (parts.empty()) return result;
    const auto [reply, part] = parts.next(context);
    if (reply.type != PacketType::data) throw refusal(reply, connection, "read", path);
    PacketReader reader(reply.body);
    const ByteView data = reader.bytes();
    if (data.empty() || data.size() > part.length) {
      throw Error(ErrorCode::io, "cannot read " + path + " on " + connection.login().place())
          .why("the server sent " + std::to_string(data.size()) + " bytes where " + std::to_string(part.length) +
               " were asked for");
    }
    std::ranges::copy(data, result.begin() + static_cast<std::ptrdiff_t>(part.offset));
    // A server may send less than it was asked for.
    if (data.size() < part.length) request(part.offset + data.size(), part.length - data.size());
  }
}

std::optional<Room> room_at(Connection& connection, const std::string& path, const Context& context) {
  if (!connection.has_extension(kStatvfs)) return std::nullopt;
  const Reply reply = connection.call(PacketType::extended, PacketWriter().text(kStatvfs).text(path), context);
  if (reply.type != PacketType::extended_reply) return std::nullopt;
  PacketReader reader(reply.body);
  (void)reader.u64();
  const std::uint64_t unit = reader.u64();
  const std::uint64_t total = reader.u64();
  (void)reader.u64();
  const std::uint64_t available = reader.u64();
  return Room{.total = total * unit, .free = available * unit};
}

}  // namespace dbsnap::sftp
