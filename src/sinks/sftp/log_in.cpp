// Logging in: private key files, an agent's keys, a password, in this order.
#include <fcntl.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/posix_file.hpp"
#include "dbsnap/error.hpp"
#include "sinks/sftp/ssh_session.hpp"

namespace dbsnap::sftp {
namespace {

struct FreeKey {
  void operator()(ssh_key key) const { ::ssh_key_free(key); }
};

// Of questions that one login may ask.
constexpr int kMostRounds = 8;

// For the passphrase of a key: without this OpenSSL asks on the terminal, and waits.
int ask_nobody(const char* /*prompt*/, char* /*answer*/, std::size_t /*size*/, int /*echo*/, int /*verify*/,
               void* /*data*/) {
  return -1;
}

class LogIn {
 public:
  LogIn(ssh_session session, const Login& login, const Context& context)
      : session_(session), login_(login), context_(context) {}

  void run() {
    if (ask([&] { return ::ssh_userauth_none(session_, nullptr); })) return;
    const auto methods = static_cast<unsigned>(::ssh_userauth_list(session_, nullptr));
    if ((methods & SSH_AUTH_METHOD_PUBLICKEY) != 0 && with_keys()) return;
    if (!login_.password.empty()) {
      if ((methods & SSH_AUTH_METHOD_PASSWORD) != 0 && with_password()) return;
      if ((methods & SSH_AUTH_METHOD_INTERACTIVE) != 0 && with_answers()) return;
    }
    // What is wrong with a key file the user can mend; that the other ways were refused only follows.
    if (unusable_) throw *unusable_;
    throw refused(methods);
  }

 private:
  /// True when the server lets us in. A broken connection is not a refusal.
  template <typename Step>
  bool ask(Step step) {
    const int result = drive(session_, login_.options.connect_timeout, context_, SSH_AUTH_AGAIN, step);
    if (result == SSH_AUTH_SUCCESS) return true;
    if (result == SSH_AUTH_AGAIN || ::ssh_is_connected(session_) == 0) {
      throw Error(ErrorCode::storage_unreachable, "the connection ended while logging in to " + login_.place())
          .why(result == SSH_AUTH_AGAIN ? "the server is silent" : reason_of(session_))
          .retryable()
          .had_no_effect();
    }
    return false;
  }

  bool with_keys() {
    for (const std::string& file : login_.options.identities) {
      try {
        if (with_key_file(file)) return true;
      } catch (const Error& failure) {
        if (failure.code() == ErrorCode::storage_unreachable || context_.stop.stop_requested()) throw;
        // A key with a passphrase is often known to the agent, too.
        if (!unusable_) unusable_ = failure;
      }
    }
    if (login_.options.agent.empty()) return false;
    tried_.emplace_back("the agent's keys");
    return ask([&] { return ::ssh_userauth_agent(session_, nullptr); });
  }

  bool with_key_file(const std::string& file) {
    // Says why a file cannot be read, which the library's own call does not.
    (void)PosixFile::open(file, O_RDONLY);
    const bool has_passphrase = !login_.passphrase.empty();
    const SecretText passphrase = terminated(login_.passphrase);
    ssh_key raw = nullptr;
    const int status = ::ssh_pki_import_privkey_file(file.c_str(), has_passphrase ? passphrase.view().data() : nullptr,
                                                     ask_nobody, nullptr, &raw);
    if (status != SSH_OK) {
      throw Error(ErrorCode::access_refused, "the private key " + file + " cannot be used")
          .why(has_passphrase ? "it is no private key, or the passphrase does not fit"
                              : "it is no private key, or needs a passphrase")
          .hint("ssh-keygen -y -f " + file)
          .had_no_effect();
    }
    const std::unique_ptr<ssh_key_struct, FreeKey> key(raw);
    tried_.push_back(file);
    return ask([&] { return ::ssh_userauth_publickey(session_, nullptr, key.get()); });
  }

  bool with_password() {
    tried_.emplace_back("the password");
    const SecretText text = terminated(login_.password);
    return ask([&] { return ::ssh_userauth_password(session_, nullptr, text.view().data()); });
  }

  /// Answers every question that hides what is typed with the password: how PAM asks for one.
  bool with_answers() {
    tried_.emplace_back("the password, when asked");
    const SecretText text = terminated(login_.password);
    return ask([&] {
      int result = ::ssh_userauth_kbdint(session_, nullptr, nullptr);
      for (int round = 0; result == SSH_AUTH_INFO && round < kMostRounds; ++round) {
        const int prompts = ::ssh_userauth_kbdint_getnprompts(session_);
        for (int n = 0; n < prompts; ++n) {
          char echo = 0;
          ::ssh_userauth_kbdint_getprompt(session_, static_cast<unsigned>(n), &echo);
          ::ssh_userauth_kbdint_setanswer(session_, static_cast<unsigned>(n), echo == 0 ? text.view().data() : "");
        }
        result = ::ssh_userauth_kbdint(session_, nullptr, nullptr);
      }
      return result;
    });
  }

  static SecretText terminated(const SecretText& secret) {
    SecretText text(secret.view());
    text.append(std::string_view("\0", 1));
    return text;
  }

  [[nodiscard]] Error refused(unsigned methods) const {
    std::string tried;
    for (const std::string& each : tried_) tried += (tried.empty() ? "" : ", ") + each;
    std::string offered;
    if ((methods & SSH_AUTH_METHOD_PUBLICKEY) != 0) offered += " public keys";
    if ((methods & SSH_AUTH_METHOD_PASSWORD) != 0) offered += " passwords";
    if ((methods & SSH_AUTH_METHOD_INTERACTIVE) != 0) offered += " questions";
    const SftpOptions& options = login_.options;
    const std::string key = options.identities.empty() ? "" : "-i " + options.identities.front() + " ";
    return Error(ErrorCode::access_refused, login_.place() + " refuses the login")
        .why("tried: " + (tried.empty() ? "nothing, for no key, agent or password was given" : tried) +
             "; the server takes:" + (offered.empty() ? " nothing known" : offered))
        .hint("ssh " + key + "-p " + std::to_string(options.port) + " " + options.user + "@" + options.host)
        .had_no_effect();
  }

  ssh_session session_;
  const Login& login_;
  const Context& context_;
  std::vector<std::string> tried_;
  std::optional<Error> unusable_;  // the first key file that cannot be used, and why
};

}  // namespace

void log_in(ssh_session session, const Login& login, const Context& context) { LogIn(session, login, context).run(); }

}  // namespace dbsnap::sftp
