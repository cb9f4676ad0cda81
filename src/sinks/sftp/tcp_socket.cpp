#include "sinks/sftp/tcp_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "dbsnap/error.hpp"

namespace dbsnap::sftp {
namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Error unreachable(const std::string& place, const std::string& why) {
  return Error(ErrorCode::storage_unreachable, "cannot connect to " + place).why(why).had_no_effect();
}

Addresses look_up(const std::string& host, std::uint16_t port, const std::string& place) {
  addrinfo wanted{};
  wanted.ai_family = AF_UNSPEC;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (status == 0) return Addresses(found);
  const bool known_absent = status == EAI_NONAME;
  throw unreachable(place, ::gai_strerror(status))
      .hint("getent hosts " + host)
      .retryable(!known_absent)
      .native_code(status);
}

/// errno of a connection attempt; 0 when it succeeded.
int attempt(const TcpSocket& socket, const addrinfo& address, std::chrono::milliseconds limit, const Context& context) {
  if (::connect(socket.descriptor(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  for (std::chrono::milliseconds waited{0}; waited < limit;) {
    context.check();
    pollfd ready{socket.descriptor(), POLLOUT, 0};
    const int events = ::poll(&ready, 1, static_cast<int>(kSlice.count()));
    if (events < 0 && errno != EINTR) return errno;
    if (events == 0) waited += kSlice;
    if (events <= 0) continue;
    int result = 0;
    socklen_t size = sizeof result;
    return ::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &result, &size) == 0 ? result : errno;
  }
  return ETIMEDOUT;
}

void switch_on(const TcpSocket& socket, int level, int option) {
  const int on = 1;
  // Only a matter of speed and of noticing a dead peer earlier; the time limits hold without it.
  (void)::setsockopt(socket.descriptor(), level, option, &on, sizeof on);
}

}  // namespace

TcpSocket::~TcpSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

TcpSocket connect_tcp(const std::string& host, std::uint16_t port, std::chrono::milliseconds limit,
                      const Context& context) {
  const std::string place = host + " port " + std::to_string(port);
  const Addresses addresses = look_up(host, port, place);
  int reason = 0;
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    context.check();
    const int fd = ::socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (fd < 0) {
      reason = errno;
      continue;
    }
    TcpSocket socket(fd);
    reason = attempt(socket, *address, limit, context);
    if (reason != 0) continue;
    switch_on(socket, IPPROTO_TCP, TCP_NODELAY);
    switch_on(socket, SOL_SOCKET, SO_KEEPALIVE);
    return socket;
  }
  throw unreachable(place, std::generic_category().message(reason))
      .hint("nc -vz " + host + " " + std::to_string(port))
      .retryable()
      .native_code(reason);
}

}  // namespace dbsnap::sftp
