// One connection to an SFTP server: numbered requests go out, answers come back in any order.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "dbsnap/bytes.hpp"
#include "dbsnap/context.hpp"
#include "sinks/sftp/packet.hpp"
#include "sinks/sftp/ssh_session.hpp"

namespace dbsnap::sftp {

using RequestId = std::uint32_t;

struct Reply {
  PacketType type{};
  Bytes body;

  /// Of an answer that is a status; ok for any other.
  [[nodiscard]] Status status() const;
  /// The server's own words in a status answer.
  [[nodiscard]] std::string words() const;
};

/// Used by one thread at a time. Failures of the connection throw Error{storage_unreachable}, retryable; it is of no
/// use afterwards. So does a call that was interrupted by its context: its answer may still come.
class Connection {
 public:
  /// Connects, logs in and agrees on the protocol's version.
  Connection(const Login& login, const Context& context);
  /// Gives requests that are on their way, such as the removal of a temporary file, half a second to arrive.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends a request, or as much of it as the connection takes now; never waits.
  RequestId send(PacketType type, const PacketWriter& body);
  /// Waits for the answer.
  Reply await(RequestId id, const Context& context);
  /// Nobody will await this one.
  void ignore(RequestId id) noexcept;
  Reply call(PacketType type, const PacketWriter& body, const Context& context) {
    return await(send(type, body), context);
  }

  [[nodiscard]] bool has_extension(std::string_view name) const { return extensions_.contains(name); }
  /// True when the next caller may use it.
  [[nodiscard]] bool is_reusable() noexcept;
  /// How the server introduced itself, for example "SSH-2.0-OpenSSH_9.2p1".
  [[nodiscard]] std::string banner() const;
  [[nodiscard]] const Login& login() const noexcept { return login_; }

  [[nodiscard]] MonotonicTime last_used() const noexcept { return last_used_; }
  void used(MonotonicTime now) noexcept { last_used_ = now; }

 private:
  void agree_on_version(const Context& context);
  /// Moves what can be moved, or waits a little for something to move. Returns how long nothing did.
  std::chrono::milliseconds exchange();
  bool write_some();
  bool read_some();
  void take_packets();
  void take_packet(ByteView packet);
  [[noreturn]] void fail(const std::string& why);

  const Login& login_;
  SshSession ssh_;
  std::set<std::string, std::less<>> extensions_;
  RequestId next_id_ = 1;
  Bytes out_;
  std::size_t out_done_ = 0;
  Bytes in_;
  std::set<RequestId> awaited_;
  std::set<RequestId> ignored_;
  std::map<RequestId, Reply> replies_;
  std::optional<Bytes> version_;
  bool broken_ = false;
  bool interrupted_ = false;
  MonotonicTime last_used_{};
};

/// Requests whose answers are awaited in order; what is left over when it ends is ignored.
template <typename What>
class Pending {
 public:
  explicit Pending(Connection& connection) noexcept : connection_(connection) {}
  ~Pending() {
    for (const Item& item : items_) connection_.ignore(item.id);
  }
  Pending(const Pending&) = delete;
  Pending& operator=(const Pending&) = delete;

  void add(RequestId id, What what) { items_.push_back({id, std::move(what)}); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  /// The oldest one's answer, and what it was about.
  std::pair<Reply, What> next(const Context& context) {
    Reply reply = connection_.await(items_.front().id, context);
    What what = std::move(items_.front().what);
    items_.pop_front();
    return {std::move(reply), std::move(what)};
  }

 private:
  struct Item {
    RequestId id;
    What what;
  };
  Connection& connection_;
  std::deque<Item> items_;
};

}  // namespace dbsnap::sftp
