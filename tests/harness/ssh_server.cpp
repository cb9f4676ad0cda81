#include "harness/ssh_server.hpp"

#include <fstream>

namespace dbsnap::testing {
namespace {

std::vector<std::string> arguments_for(const std::vector<std::string>& settings, const std::string& sftp) {
  std::vector<std::string> arguments{"--sftp=" + sftp};
  for (const std::string& setting : settings) arguments.push_back("--option=" + setting);
  return arguments;
}

void add_descendants(pid_t parent, std::vector<pid_t>& found) {
  const std::string id = std::to_string(parent);
  std::ifstream children("/proc/" + id + "/task/" + id + "/children");
  for (pid_t child = 0; children >> child;) {
    found.push_back(child);
    add_descendants(child, found);
  }
}

}  // namespace

SshServer::SshServer(const std::vector<std::string>& settings, const std::string& sftp)
    : process_("sshd.py", arguments_for(settings, sftp)) {}

SftpOptions SshServer::options(const std::string& folder) const {
  SftpOptions options;
  options.host = at("host");
  options.port = static_cast<std::uint16_t>(std::stoul(at("port")));
  options.user = at("user");
  options.folder = folder;
  options.identities = {at("key_ed25519")};
  options.known_hosts = at("known_hosts");
  return options;
}

std::string SshServer::url(const std::string& folder, std::string_view more) const {
  return "sftp://" + at("user") + "@" + at("host") + ":" + at("port") + folder + "?identity=" + at("key_ed25519") +
         "&known_hosts=" + at("known_hosts") + std::string(more);
}

std::vector<pid_t> SshServer::connections() const {
  std::vector<pid_t> found;
  add_descendants(static_cast<pid_t>(std::stol(at("pid"))), found);
  return found;
}

const SshServer& shared_ssh_server() {
  static const SshServer server;
  return server;
}

}  // namespace dbsnap::testing
