#include "sinks/sftp/ssh_session.hpp"

#include <poll.h>

#include <span>
#include <utility>

#include "dbsnap/error.hpp"
#include "sinks/sftp/tcp_socket.hpp"

namespace dbsnap::sftp {
namespace {

// Those with hardware support first: they are several times as fast on the processors that servers have.
constexpr const char* kCiphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,aes128-ctr";

template <typename Value>
void set(ssh_session session, ssh_options_e option, const Value& value) {
  if (::ssh_options_set(session, option, &value) != SSH_OK) {
    throw Error(ErrorCode::invalid_argument, "the SSH library does not take an option").why(reason_of(session));
  }
}

void set_text(ssh_session session, ssh_options_e option, const std::string& value) {
  if (::ssh_options_set(session, option, value.c_str()) != SSH_OK) {
    throw Error(ErrorCode::invalid_argument, "the SSH library does not take the value '" + value + "'")
        .why(reason_of(session));
  }
}

SessionHandle make_session(const SftpOptions& options) {
  SessionHandle session(::ssh_new());
  if (!session) throw Error(ErrorCode::internal, "the SSH library made no session");
  const unsigned port = options.port;
  const int off = 0;
  // Files of the user's own would change what a URL means from one account to the next.
  set(session.get(), SSH_OPTIONS_PROCESS_CONFIG, off);
  set(session.get(), SSH_OPTIONS_LOG_VERBOSITY, off);
  set_text(session.get(), SSH_OPTIONS_HOST, options.host);
  set(session.get(), SSH_OPTIONS_PORT, port);
  set_text(session.get(), SSH_OPTIONS_USER, options.user);
  set_text(session.get(), SSH_OPTIONS_KNOWNHOSTS, options.known_hosts);
  set_text(session.get(), SSH_OPTIONS_GLOBAL_KNOWNHOSTS, options.known_hosts);
  set_text(session.get(), SSH_OPTIONS_CIPHERS_C_S, kCiphers);
  set_text(session.get(), SSH_OPTIONS_CIPHERS_S_C, kCiphers);
  if (!options.agent.empty()) set_text(session.get(), SSH_OPTIONS_IDENTITY_AGENT, options.agent);
  ::ssh_set_blocking(session.get(), 0);
  return session;
}

Error broken(const Login& login, const std::string& what, const std::string& why) {
  return Error(ErrorCode::storage_unreachable, what + " " + login.place()).why(why).retryable().had_no_effect();
}

ChannelHandle open_channel(ssh_session session, const Login& login, const Context& context) {
  const auto limit = login.options.connect_timeout;
  ChannelHandle channel(::ssh_channel_new(session));
  if (!channel) throw Error(ErrorCode::internal, "the SSH library made no channel");
  const auto open = [&] { return ::ssh_channel_open_session(channel.get()); };
  if (drive(session, limit, context, SSH_AGAIN, open) != SSH_OK) {
    throw broken(login, "no channel was opened by", reason_of(session));
  }
  const auto request = [&] { return ::ssh_channel_request_sftp(channel.get()); };
  if (drive(session, limit, context, SSH_AGAIN, request) != SSH_OK) {
    if (::ssh_is_connected(session) == 0)
      throw broken(login, "the connection ended while asking for SFTP of", reason_of(session));
    throw Error(ErrorCode::access_refused, login.place() + " lets this user log in and offers no SFTP")
        .why(reason_of(session))
        .hint("sftp -P " + std::to_string(login.options.port) + " " + login.options.user + "@" + login.options.host)
        .had_no_effect();
  }
  return channel;
}

}  // namespace

Login::Login(SftpOptions given)
    : options(std::move(given)), password(options.password), passphrase(options.passphrase) {
  for (std::string* secret : {&options.password, &options.passphrase}) {
    wipe(std::as_writable_bytes(std::span(*secret)));
    secret->clear();
  }
}

std::string Login::place() const {
  const std::string port = options.port == 22 ? "" : ":" + std::to_string(options.port);
  return options.user + "@" + options.host + port;
}

void FreeSession::operator()(ssh_session session) const {
  // The other way to end it leaves a socket open that was handed in.
  ::ssh_silent_disconnect(session);
  ::ssh_free(session);
}

std::string reason_of(ssh_session session) {
  const char* text = ::ssh_get_error(session);
  return text == nullptr || *text == '\0' ? "no reason was given" : text;
}

bool wait_for_socket(ssh_session session) {
  const bool writes = (::ssh_get_poll_flags(session) & SSH_WRITE_PENDING) != 0;
  pollfd ready{::ssh_get_fd(session), static_cast<short>(writes ? POLLIN | POLLOUT : POLLIN), 0};
  return ::poll(&ready, 1, static_cast<int>(kSlice.count())) > 0;
}

SshSession open_session(const Login& login, const Context& context) {
  const SftpOptions& options = login.options;
  SessionHandle session = make_session(options);
  TcpSocket socket = connect_tcp(options.host, options.port, options.connect_timeout, context);
  const int descriptor = socket.descriptor();
  set(session.get(), SSH_OPTIONS_FD, descriptor);
  const auto connect = [&] {
    socket.release();  // closed with the session from here on
    return ::ssh_connect(session.get());
  };
  const int connected = drive(session.get(), options.connect_timeout, context, SSH_AGAIN, connect);
  if (connected != SSH_OK) {
    throw broken(login, "no SSH session with",
                 connected == SSH_AGAIN ? "the server is silent" : reason_of(session.get()));
  }
  check_host_key(session.get(), login);
  log_in(session.get(), login, context);
  ChannelHandle channel = open_channel(session.get(), login, context);
  return {std::move(session), std::move(channel)};
}

}  // namespace dbsnap::sftp
