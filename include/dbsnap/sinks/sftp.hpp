// A folder on an SSH server as a sink.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

/// Whom to connect to and how to log in. Nothing is read from ssh_config. Keys are tried before the password.
struct SftpOptions {
  std::string host;
  std::uint16_t port = 22;
  std::string user;
  /// Folder that holds the objects; made, with its parents, at the first put. A relative one lies below the folder that
  /// the server starts its users in. Unfinished puts lie in its subfolder `~tmp`.
  std::string folder;
  /// Private key files, tried in this order; ed25519, ecdsa and rsa.
  std::vector<std::string> identities = {};
  std::string passphrase = {};  ///< of the private keys; copied, and overwritten when the sink ends
  std::string password = {};    ///< for servers that take one; copied, and overwritten when the sink ends
  std::string agent = {};       ///< path of an agent's socket, or empty
  /// File with the keys of the servers that may be talked to. A server that it does not hold is refused, always.
  std::string known_hosts = {};
  unsigned parallel = 4;  ///< connections at once, 1 to 64
  /// How long the server may take to answer a connection attempt, and how long it may be silent later on, while an
  /// answer is awaited.
  std::chrono::seconds connect_timeout = std::chrono::seconds(20);
  std::chrono::seconds timeout = std::chrono::seconds(60);
};

/// Sink over a folder that an SSH server gives access to. Nothing is connected before the first call; a connection that
/// was lost is made again by the next call. Throws Error{invalid_argument} for options that make no sense.
///
/// Objects are written to a temporary name, fsynced, and given their name by a hard link, which the server makes only
/// when the name is free: this is how `if_absent` is decided. A server without hardlink@openssh.com refuses such puts
/// with Error{unsupported}. docs/sinks/sftp.md says what each server can promise.
DBSNAP_API std::shared_ptr<Sink> make_sftp_sink(SftpOptions options);

}  // namespace dbsnap
