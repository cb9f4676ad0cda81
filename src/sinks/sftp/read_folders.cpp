// Reading many folders at once: the time that an answer takes is spent once for all of them.
#include <utility>

#include "sinks/sftp/remote_files.hpp"

namespace dbsnap::sftp {
namespace {

/// Asked for ahead in each folder, so that most are read with one wait.
constexpr int kAhead = 2;

struct OpenFolder {
  std::size_t place;
  RemoteHandle handle;
};

void take_names(const Reply& reply, std::vector<NameInFolder>& names) {
  PacketReader reader(reply.body);
  for (std::uint32_t left = reader.u32(); left > 0; --left) {
    std::string name = reader.text();
    (void)reader.bytes();  // the line that ls -l would show
    Attributes attributes = reader.attributes();
    if (name != "." && name != "..") names.push_back({std::move(name), attributes});
  }
}

}  // namespace

std::vector<std::optional<std::vector<NameInFolder>>> read_folders(Connection& connection,
                                                                   const std::vector<std::string>& paths,
                                                                   const Context& context) {
  std::vector<std::optional<std::vector<NameInFolder>>> result(paths.size());
  std::vector<OpenFolder> open;
  {
    Pending<std::size_t> opening(connection);
    for (std::size_t n = 0; n < paths.size(); ++n) {
      opening.add(connection.send(PacketType::opendir, PacketWriter().text(paths[n])), n);
    }
    while (!opening.empty()) {
      const auto [reply, place] = opening.next(context);
      if (auto handle = handle_of(connection, reply)) {
        result[place].emplace();
        open.push_back({place, std::move(*handle)});
      } else if (!is_absence(reply.status())) {
        throw refusal(reply, connection, "list", paths[place]);
      }
    }
  }
  std::vector<bool> ended(open.size());
  Pending<std::size_t> reading(connection);
  const auto read_on = [&](std::size_t n) {
    reading.add(connection.send(PacketType::readdir, PacketWriter().text(open[n].handle.text())), n);
  };
  for (std::size_t n = 0; n < open.size(); ++n) {
    for (int ahead = 0; ahead < kAhead; ++ahead) read_on(n);
  }
  while (!reading.empty()) {
    const auto [reply, n] = reading.next(context);
    if (reply.type == PacketType::name) {
      if (auto& names = result[open[n].place]) take_names(reply, *names);
      if (!ended[n]) read_on(n);
    } else if (reply.status() == Status::end_of_file) {
      ended[n] = true;
    } else if (is_absence(reply.status())) {
      // Some servers open whatever they are asked for, and look only now; or it was removed meanwhile.
      ended[n] = true;
      if (result[open[n].place] && result[open[n].place]->empty()) result[open[n].place].reset();
    } else {
      throw refusal(reply, connection, "list", paths[open[n].place]);
    }
  }
  return result;
}

}  // namespace dbsnap::sftp
