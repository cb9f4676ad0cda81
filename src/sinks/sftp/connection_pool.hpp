// The connections of one sink: made when they are needed, one thread at a time on each.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "dbsnap/context.hpp"
#include "sinks/sftp/connection.hpp"

namespace dbsnap::sftp {

class ConnectionPool {
 public:
  /// A connection for as long as this lives. One that failed meanwhile is not used again.
  class Lease {
   public:
    Lease(ConnectionPool& pool, std::unique_ptr<Connection> connection, const Context& context)
        : pool_(&pool), connection_(std::move(connection)), context_(&context) {}
    ~Lease();
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&&) = delete;
    Connection& operator*() const noexcept { return *connection_; }
    Connection* operator->() const noexcept { return connection_.get(); }

   private:
    ConnectionPool* pool_;
    std::unique_ptr<Connection> connection_;
    const Context* context_;
  };

  explicit ConnectionPool(SftpOptions options) : login_(std::move(options)) {}

  /// An idle connection, or a new one, or waits until one is given back. `context` outlives the lease.
  Lease lease(const Context& context);

  [[nodiscard]] const Login& login() const noexcept { return login_; }

 private:
  std::unique_ptr<Connection> take_idle(const Context& context);
  void give_back(std::unique_ptr<Connection> connection, const Context& context) noexcept;
  void give_up_place() noexcept;

  const Login login_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  unsigned leased_ = 0;
};

}  // namespace dbsnap::sftp
