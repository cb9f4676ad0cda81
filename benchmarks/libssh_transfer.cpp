// Puts and gets files with libssh's own SFTP client, on one connection: what dbsnap's sink is compared with.
//
//     libssh-transfer (put|get) FOLDER FILES SIZE_BYTES
//
// HOST, PORT, USER, IDENTITY and KNOWN_HOSTS are in the environment.
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

constexpr std::size_t kPart = 32 * 1024;
constexpr std::size_t kReadsAhead = 32;

struct Work {
  std::string direction;
  std::string folder;
  unsigned files = 0;
  std::size_t size = 0;
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set");
  return value;
}

/// Bytes that no compression on the way could make fewer.
std::vector<char> noise(std::size_t size) {
  std::vector<char> bytes(size);
  std::uint64_t state = 88172645463325252ULL;
  for (char& byte : bytes) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  return bytes;
}

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

struct FreeSession {
  void operator()(ssh_session session) const {
    ::ssh_disconnect(session);
    ::ssh_free(session);
  }
};
struct FreeSftp {
  void operator()(sftp_session sftp) const { ::sftp_free(sftp); }
};
struct CloseFile {
  void operator()(sftp_file file) const { ::sftp_close(file); }
};
using File = std::unique_ptr<sftp_file_struct, CloseFile>;

void put_with_library(sftp_session sftp, const std::string& path, const std::vector<char>& bytes) {
  const File file(::sftp_open(sftp, path.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  require(file != nullptr, "cannot create a file");
  for (std::size_t at = 0; at < bytes.size(); at += kPart) {
    const std::size_t size = std::min(kPart, bytes.size() - at);
    require(::sftp_write(file.get(), bytes.data() + at, size) == static_cast<ssize_t>(size), "cannot write");
  }
  require(::sftp_fsync(file.get()) == 0, "cannot fsync");
}

std::size_t get_with_library(sftp_session sftp, const std::string& path) {
  const File file(::sftp_open(sftp, path.c_str(), O_RDONLY, 0));
  require(file != nullptr, "cannot open a file");
  std::vector<char> part(kPart);
  std::vector<int> asked;
  std::size_t done = 0;
  for (std::size_t n = 0;; ++n) {
    while (asked.size() < n + kReadsAhead) asked.push_back(::sftp_async_read_begin(file.get(), kPart));
    const int size = ::sftp_async_read(file.get(), part.data(), kPart, static_cast<std::uint32_t>(asked[n]));
    require(size >= 0, "cannot read");
    if (size == 0) return done;
    done += static_cast<std::size_t>(size);
  }
}

void transfer(const Work& work) {
  const std::unique_ptr<ssh_session_struct, FreeSession> session(::ssh_new());
  const int port = std::stoi(variable("PORT"));
  // Without it each write of the client waits for a delayed acknowledgement.
  const int no_delay = 1;
  ::ssh_options_set(session.get(), SSH_OPTIONS_NODELAY, &no_delay);
  ::ssh_options_set(session.get(), SSH_OPTIONS_HOST, variable("HOST").c_str());
  ::ssh_options_set(session.get(), SSH_OPTIONS_PORT, &port);
  ::ssh_options_set(session.get(), SSH_OPTIONS_USER, variable("USER").c_str());
  ::ssh_options_set(session.get(), SSH_OPTIONS_KNOWNHOSTS, variable("KNOWN_HOSTS").c_str());
  ::ssh_options_set(session.get(), SSH_OPTIONS_CIPHERS_C_S, "aes128-gcm@openssh.com");
  ::ssh_options_set(session.get(), SSH_OPTIONS_CIPHERS_S_C, "aes128-gcm@openssh.com");
  require(::ssh_connect(session.get()) == SSH_OK, "cannot connect");
  require(::ssh_session_is_known_server(session.get()) == SSH_KNOWN_HOSTS_OK, "the server is not known");
  ssh_key key = nullptr;
  require(::ssh_pki_import_privkey_file(variable("IDENTITY").c_str(), nullptr, nullptr, nullptr, &key) == SSH_OK,
          "cannot read the key");
  const int login = ::ssh_userauth_publickey(session.get(), nullptr, key);
  ::ssh_key_free(key);
  require(login == SSH_AUTH_SUCCESS, "cannot log in");
  const std::unique_ptr<sftp_session_struct, FreeSftp> sftp(::sftp_new(session.get()));
  require(sftp != nullptr && ::sftp_init(sftp.get()) == 0, "the server offers no SFTP");
  const std::vector<char> bytes = noise(work.size);
  for (unsigned n = 0; n < work.files; ++n) {
    const std::string path = work.folder + "/" + std::to_string(n);
    if (work.direction == "put") {
      put_with_library(sftp.get(), path, bytes);
    } else {
      require(get_with_library(sftp.get(), path) == work.size, "a file came back with another size");
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() != 4) {
    std::fputs("usage: libssh-transfer (put|get) FOLDER FILES SIZE_BYTES\n", stderr);
    return 2;
  }
  try {
    transfer({.direction = words[0],
              .folder = words[1],
              .files = static_cast<unsigned>(std::stoul(words[2])),
              .size = std::stoul(words[3])});
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
  }
  return 1;
}
