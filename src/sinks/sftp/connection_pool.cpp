#include "sinks/sftp/connection_pool.hpp"

#include <chrono>

#include "sinks/sftp/tcp_socket.hpp"

namespace dbsnap::sftp {
namespace {

/// Routers forget connections that say nothing for some minutes, and let whoever uses them afterwards wait in vain.
constexpr auto kLongestIdle = std::chrono::seconds(60);

}  // namespace

ConnectionPool::Lease::~Lease() {
  if (connection_) pool_->give_back(std::move(connection_), *context_);
}

ConnectionPool::Lease ConnectionPool::lease(const Context& context) {
  context.check();
  {
    std::unique_lock lock(mutex_);
    while (leased_ >= login_.options.parallel) {
      changed_.wait_for(lock, kSlice);
      context.check();
    }
    ++leased_;
  }
  try {
    auto connection = take_idle(context);
    if (!connection) connection = std::make_unique<Connection>(login_, context);
    return {*this, std::move(connection), context};
  } catch (...) {
    give_up_place();
    throw;
  }
}

std::unique_ptr<Connection> ConnectionPool::take_idle(const Context& context) {
  for (;;) {
    std::unique_ptr<Connection> connection;
    {
      const std::scoped_lock lock(mutex_);
      if (idle_.empty()) return nullptr;
      connection = std::move(idle_.back());
      idle_.pop_back();
    }
    const bool fresh = context.clock->monotonic() - connection->last_used() < kLongestIdle;
    if (fresh && connection->is_reusable()) return connection;
  }
}

void ConnectionPool::give_back(std::unique_ptr<Connection> connection, const Context& context) noexcept {
  if (connection->is_reusable()) {
    connection->used(context.clock->monotonic());
    const std::scoped_lock lock(mutex_);
    idle_.push_back(std::move(connection));
  }
  connection.reset();
  give_up_place();
}

void ConnectionPool::give_up_place() noexcept {
  {
    const std::scoped_lock lock(mutex_);
    --leased_;
  }
  changed_.notify_one();
}

}  // namespace dbsnap::sftp
