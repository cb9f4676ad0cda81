// Is this the server that it says it is? Decided by known_hosts alone; nobody is ever trusted for the first time.
#include <memory>
#include <string>

#include "dbsnap/error.hpp"
#include "sinks/sftp/ssh_session.hpp"

namespace dbsnap::sftp {
namespace {

struct FreeKey {
  void operator()(ssh_key key) const { ::ssh_key_free(key); }
};
struct FreeHash {
  void operator()(unsigned char* hash) const { ::ssh_clean_pubkey_hash(&hash); }
};
struct FreeText {
  void operator()(char* text) const { ::ssh_string_free_char(text); }
};

/// "ED25519 SHA256:…", as ssh-keygen -l shows it.
std::string shown_key(ssh_session session) {
  ssh_key raw_key = nullptr;
  if (::ssh_get_server_publickey(session, &raw_key) != SSH_OK) return "an unreadable key";
  const std::unique_ptr<ssh_key_struct, FreeKey> key(raw_key);
  unsigned char* raw_hash = nullptr;
  std::size_t size = 0;
  if (::ssh_get_publickey_hash(key.get(), SSH_PUBLICKEY_HASH_SHA256, &raw_hash, &size) != 0) return "an unreadable key";
  const std::unique_ptr<unsigned char, FreeHash> hash(raw_hash);
  const std::unique_ptr<char, FreeText> text(::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash.get(), size));
  return std::string(::ssh_key_type_to_char(::ssh_key_type(key.get()))) + " " + (text ? text.get() : "?");
}

/// The host as known_hosts writes it.
std::string listed_name(const SftpOptions& options) {
  return options.port == 22 ? options.host : "[" + options.host + "]:" + std::to_string(options.port);
}

}  // namespace

void check_host_key(ssh_session session, const Login& login) {
  const SftpOptions& options = login.options;
  const std::string name = listed_name(options);
  const std::string scan =
      "ssh-keyscan -p " + std::to_string(options.port) + " " + options.host + " >> " + options.known_hosts;
  switch (::ssh_session_is_known_server(session)) {
    case SSH_KNOWN_HOSTS_OK:
      return;
    case SSH_KNOWN_HOSTS_CHANGED:
      throw Error(ErrorCode::access_refused, "the host key of " + name + " is not the one in " + options.known_hosts)
          .why("the server shows " + shown_key(session) +
               "; either it was set up anew, or somebody answers in its place")
          .hint("ssh-keygen -R '" + name + "' -f " + options.known_hosts)
          .had_no_effect();
    case SSH_KNOWN_HOSTS_OTHER:
    case SSH_KNOWN_HOSTS_UNKNOWN:
    case SSH_KNOWN_HOSTS_NOT_FOUND:
      throw Error(ErrorCode::access_refused, "the host key of " + name + " is not in " + options.known_hosts)
          .why("the server shows " + shown_key(session) + "; compare that with what its operator says before adding it")
          .hint(scan)
          .had_no_effect();
    case SSH_KNOWN_HOSTS_ERROR:
      break;
  }
  throw Error(ErrorCode::access_refused,
              "the host key of " + name + " cannot be checked against " + options.known_hosts)
      .why(reason_of(session))
      .hint("ssh-keygen -l -f " + options.known_hosts)
      .had_no_effect();
}

}  // namespace dbsnap::sftp
