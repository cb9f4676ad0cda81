#include "sinks/sftp/connection.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dbsnap/error.hpp"
#include "sinks/sftp/tcp_socket.hpp"

namespace dbsnap::sftp {
namespace {

constexpr std::uint32_t kProtocolVersion = 3;
constexpr std::size_t kHeaderSize = 4;
/// Longer packets than any server sends; what announces one is not speaking SFTP.
constexpr std::uint32_t kLongestPacket = 1024 * 1024;
constexpr std::size_t kReadSize = 64 * 1024;
constexpr auto kFarewell = std::chrono::milliseconds(500);
constexpr auto kShortWait = std::chrono::milliseconds(5);

}  // namespace

Status Reply::status() const {
  return type == PacketType::status ? static_cast<Status>(PacketReader(body).u32()) : Status::ok;
}

std::string Reply::words() const {
  if (type != PacketType::status) return {};
  PacketReader reader(body);
  const std::uint32_t code = reader.u32();
  // The text is optional with some servers.
  std::string text = reader.at_end() ? "" : reader.text();
  return text.empty() ? "SFTP status " + std::to_string(code) : text;
}

Connection::Connection(const Login& login, const Context& context) : login_(login), ssh_(open_session(login, context)) {
  agree_on_version(context);
}

Connection::~Connection() {
  try {
    for (auto waited = std::chrono::milliseconds(0); !broken_ && waited < kFarewell;) {
      if (out_done_ == out_.size() && awaited_.empty() && ignored_.empty()) break;
      waited += exchange();
    }
  } catch (const Error&) {
    broken_ = true;
  }
}

void Connection::agree_on_version(const Context& context) {
  PacketWriter hello;
  hello.u32(kProtocolVersion);
  send(PacketType::init, hello);
  std::chrono::milliseconds silent{0};
  while (!version_) {
    context.check();
    const auto idle = exchange();
    silent = idle.count() == 0 ? idle : silent + idle;
    if (silent >= login_.options.connect_timeout) fail("the SFTP server is silent");
  }
  PacketReader reader(*version_);
  const std::uint32_t version = reader.u32();
  if (version < kProtocolVersion) fail("the server speaks SFTP version " + std::to_string(version));
  while (!reader.at_end()) {
    extensions_.insert(reader.text());
    reader.bytes();
  }
}

RequestId Connection::send(PacketType type, const PacketWriter& body) {
  const bool numbered = type != PacketType::init;
  const RequestId id = numbered ? next_id_++ : 0;
  PacketWriter header;
  header.u32(static_cast<std::uint32_t>(1 + (numbered ? 4 : 0) + body.body().size()));
  out_.insert(out_.end(), header.body().begin(), header.body().end());
  out_.push_back(static_cast<std::byte>(type));
  if (numbered) {
    PacketWriter number;
    number.u32(id);
    out_.insert(out_.end(), number.body().begin(), number.body().end());
    awaited_.insert(id);
  }
  out_.insert(out_.end(), body.body().begin(), body.body().end());
  if (!broken_) write_some();
  return id;
}

Reply Connection::await(RequestId id, const Context& context) {
  std::chrono::milliseconds silent{0};
  auto found = replies_.find(id);
  while (found == replies_.end()) {
    try {
      context.check();
    } catch (...) {
      // What the answer hands out, an open file perhaps, would have no owner.
      interrupted_ = true;
      ignore(id);
      throw;
    }
    const auto idle = exchange();
    silent = idle.count() == 0 ? idle : silent + idle;
    if (silent >= login_.options.timeout) fail("the server has been silent for too long");
    found = replies_.find(id);
  }
  Reply reply = std::move(found->second);
  replies_.erase(found);
  return reply;
}

void Connection::ignore(RequestId id) noexcept {
  if (replies_.erase(id) > 0 || awaited_.erase(id) == 0) return;
  ignored_.insert(id);
}

bool Connection::is_reusable() noexcept {
  if (broken_ || interrupted_ || !awaited_.empty()) return false;
  return ::ssh_is_connected(ssh_.session.get()) != 0 && ::ssh_channel_is_eof(ssh_.channel.get()) == 0 &&
         ::ssh_channel_poll(ssh_.channel.get(), 0) >= 0;
}

std::string Connection::banner() const {
  const char* text = ::ssh_get_serverbanner(ssh_.session.get());
  return text == nullptr ? "an SSH server without a name" : text;
}

void Connection::fail(const std::string& why) {
  broken_ = true;
  throw Error(ErrorCode::storage_unreachable, "the connection to " + login_.place() + " failed").why(why).retryable();
}

std::chrono::milliseconds Connection::exchange() {
  if (broken_) fail("it was lost before");
  const bool wrote = write_some();
  if (read_some() || wrote) return std::chrono::milliseconds(0);
  // While the server takes no more, the library's wait does not end when it does again.
  const auto wait = out_done_ < out_.size() ? kShortWait : kSlice;
  const int ready = ::ssh_channel_poll_timeout(ssh_.channel.get(), static_cast<int>(wait.count()), 0);
  return ready > 0 && read_some() ? std::chrono::milliseconds(0) : wait;
}

bool Connection::write_some() {
  if (out_done_ == out_.size()) return false;
  const auto size = static_cast<std::uint32_t>(out_.size() - out_done_);
  const int written = ::ssh_channel_write(ssh_.channel.get(), out_.data() + out_done_, size);
  if (written < 0) fail(reason_of(ssh_.session.get()));
  out_done_ += static_cast<std::size_t>(written);
  if (out_done_ == out_.size()) {
    out_.clear();
    out_done_ = 0;
  }
  return written > 0;
}

bool Connection::read_some() {
  std::array<std::byte, kReadSize> buffer;
  const int size = ::ssh_channel_read_nonblocking(ssh_.channel.get(), buffer.data(), kReadSize, 0);
  if (size == 0 && ::ssh_channel_is_eof(ssh_.channel.get()) == 0 && ::ssh_is_connected(ssh_.session.get()) != 0) {
    return false;
  }
  if (size <= 0) fail(size == SSH_ERROR ? reason_of(ssh_.session.get()) : "the server closed it");
  in_.insert(in_.end(), buffer.begin(), buffer.begin() + size);
  take_packets();
  return true;
}

void Connection::take_packets() {
  std::size_t begin = 0;
  while (in_.size() - begin >= kHeaderSize) {
    const std::uint32_t size = PacketReader(ByteView(in_).subspan(begin, kHeaderSize)).u32();
    if (size == 0 || size > kLongestPacket) fail("what the server says is not SFTP");
    if (in_.size() - begin - kHeaderSize < size) break;
    take_packet(ByteView(in_).subspan(begin + kHeaderSize, size));
    begin += kHeaderSize + size;
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(begin));
}

void Connection::take_packet(ByteView packet) {
  const auto type = static_cast<PacketType>(packet[0]);
  packet = packet.subspan(1);
  if (type == PacketType::version) {
    version_ = Bytes(packet.begin(), packet.end());
    return;
  }
  if (packet.size() < 4) fail("what the server says is not SFTP");
  const RequestId id = PacketReader(packet).u32();
  if (ignored_.erase(id) > 0) return;
  if (awaited_.erase(id) == 0) fail("the server answers what nobody asked");
  packet = packet.subspan(4);
  replies_[id] = {type, Bytes(packet.begin(), packet.end())};
}

}  // namespace dbsnap::sftp
