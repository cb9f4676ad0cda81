// SSH server: OpenSSH's sshd on loopback, and the URLs that reach folders through it.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "dbsnap/sinks/sftp.hpp"
#include "harness/server_process.hpp"

namespace dbsnap::testing {

/// Runs until it is destroyed. Its users are this process's own; it sees the whole file system.
class SshServer {
 public:
  /// `settings` are further lines of sshd_config; `sftp` is the command that answers SFTP.
  explicit SshServer(const std::vector<std::string>& settings = {}, const std::string& sftp = "internal-sftp");

  /// What logs in with the ed25519 key and finds its objects in `folder`.
  [[nodiscard]] SftpOptions options(const std::string& folder) const;
  /// The same as a URL, with further parameters behind it ("&parallel=2").
  [[nodiscard]] std::string url(const std::string& folder, std::string_view more = "") const;

  /// A fact that the server's script printed: "key_rsa", "known_hosts", "port", …
  [[nodiscard]] const std::string& at(const std::string& name) const { return process_.at(name); }
  /// Process ids of the connections that are open now, children of the server and their children.
  [[nodiscard]] std::vector<pid_t> connections() const;

 private:
  ServerProcess process_;
};

/// One server for all tests of this process that need nothing special of theirs.
const SshServer& shared_ssh_server();

}  // namespace dbsnap::testing
