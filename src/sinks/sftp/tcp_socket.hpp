// A TCP connection that is made without ever waiting longer than its caller wants.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

#include "dbsnap/context.hpp"

namespace dbsnap::sftp {

/// How long one wait lasts before the context is looked at again.
inline constexpr std::chrono::milliseconds kSlice{100};

/// Owns a socket until somebody else takes it over.
class TcpSocket {
 public:
  explicit TcpSocket(int descriptor) noexcept : descriptor_(descriptor) {}
  ~TcpSocket();
  TcpSocket(TcpSocket&& other) noexcept : descriptor_(other.release()) {}
  TcpSocket& operator=(TcpSocket&&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  /// Gives it away; -1 when that has happened before.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_;
};

/// A connected non-blocking socket; every address of the host is tried. Throws Error{storage_unreachable}.
TcpSocket connect_tcp(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit,
                      const Context& context);

}  // namespace dbsnap::sftp
