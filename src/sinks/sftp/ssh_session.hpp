// An SSH session that is logged in to a server whose key is known, with one channel that speaks SFTP.
#pragma once

#include <libssh/libssh.h>

#include <memory>
#include <string>

#include "base/secret.hpp"
#include "dbsnap/context.hpp"
#include "dbsnap/sinks/sftp.hpp"

namespace dbsnap::sftp {

/// SftpOptions without their secrets, and the secrets where they leave no trace.
struct Login {
  SftpOptions options;
  SecretText password;
  SecretText passphrase;

  explicit Login(SftpOptions given);
  /// "user@host" with the port when it is not 22: for people.
  [[nodiscard]] std::string place() const;
};

struct FreeSession {
  void operator()(ssh_session session) const;
};
struct FreeChannel {
  void operator()(ssh_channel channel) const { ::ssh_channel_free(channel); }
};
using SessionHandle = std::unique_ptr<ssh_session_struct, FreeSession>;
using ChannelHandle = std::unique_ptr<ssh_channel_struct, FreeChannel>;

/// The channel goes before its session. Neither ever blocks.
struct SshSession {
  SessionHandle session;
  ChannelHandle channel;
};

/// Connects, checks the server's key, logs in and asks for SFTP. Throws Error{storage_unreachable} or
/// Error{access_refused}, all without effect.
SshSession open_session(const Login& login, const Context& context);

/// Waits up to one slice for the session's socket; true when something happened.
bool wait_for_socket(ssh_session session);

/// Repeats `step`, a call of libssh, while its result is `again`. Used for calls that have no time limit of their own.
template <typename Step>
int drive(ssh_session session, std::chrono::milliseconds limit, const Context& context, int again, Step step) {
  std::chrono::milliseconds silent{0};
  for (;;) {
    context.check();
    const int result = step();
    if (result != again || silent >= limit) return result;
    silent = wait_for_socket(session) ? std::chrono::milliseconds(0) : silent + std::chrono::milliseconds(100);
  }
}

/// Throws Error{access_refused} unless known_hosts holds the key that the server has shown.
void check_host_key(ssh_session session, const Login& login);
/// Throws Error{access_refused} when the server takes none of what `login` has.
void log_in(ssh_session session, const Login& login, const Context& context);

/// libssh's own words for the last failure, or a plain "no reason given".
std::string reason_of(ssh_session session);

}  // namespace dbsnap::sftp
