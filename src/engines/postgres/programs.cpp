#include "engines/postgres/programs.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <memory>

#include "dbsnap/error.hpp"

namespace dbsnap::postgres {
namespace {

namespace fs = std::filesystem;

/// Folders whose children are named after major versions: Debian's, and those of the project's own packages.
constexpr std::string_view kVersioned[] = {"/usr/lib/postgresql/", "/usr/pgsql-", "/usr/local/pgsql-",
                                           "/opt/homebrew/opt/postgresql@", "/usr/local/opt/postgresql@"};
constexpr int kOldestMajor = 10;
constexpr int kNewestMajor = 40;  // far beyond what exists: a look-up each, nothing else

bool executable(const std::string& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

/// Major version in "pg_dump (PostgreSQL) 15.18 (Debian …)"; 0 when it says something else.
int major_said_by(const std::string& path, const Context& context) {
  ChildProgram program({path, "--version"}, {{"PATH", "/usr/bin:/bin"}});
  std::string text;
  std::array<std::byte, 256> buffer{};
  while (const std::size_t count = program.read(buffer, context)) {
    text.append(reinterpret_cast<const char*>(buffer.data()), count);
  }
  program.finish(context);
  const std::string_view mark = "(PostgreSQL) ";
  const std::size_t at = text.find(mark);
  int major = 0;
  if (at != std::string::npos) std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), major);
  return major;
}

void add_asked(std::vector<Program>& found, const std::string& path, const Context& context) {
  if (!executable(path)) return;
  try {
    if (const int major = major_said_by(path, context); major != 0) found.push_back({path, major});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::io) throw;
    // A wrapper without the program it stands for: as good as none.
  }
}

std::vector<Program> candidates(const std::string& name, const Settings& settings, const Context& context) {
  std::vector<Program> found;
  if (!settings.options.program_folder.empty()) {
    add_asked(found, settings.options.program_folder + "/" + name, context);
    return found;
  }
  for (const std::string_view prefix : kVersioned) {
    for (int major = kOldestMajor; major <= kNewestMajor; ++major) {
      const std::string path = std::string(prefix) + std::to_string(major) + "/bin/" + name;
      if (executable(path)) found.push_back({path, major});
    }
  }
  const std::string path = settings.environment.get("PATH").value_or("/usr/bin:/usr/local/bin");
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t colon = std::min(path.find(':', start), path.size());
    if (colon > start) add_asked(found, path.substr(start, colon - start) + "/" + name, context);
    start = colon + 1;
  }
  return found;
}

}  // namespace

Program find_program(const std::string& name, int major, const Settings& settings, const Context& context) {
  const std::vector<Program> found = candidates(name, settings, context);
  const Program* best = nullptr;
  std::string list;
  for (const Program& program : found) {
    list += (list.empty() ? "" : ", ") + std::to_string(program.major) + " (" + program.path + ")";
    if (program.major >= major && (best == nullptr || program.major < best->major)) best = &program;
  }
  if (best != nullptr) return *best;
  const std::string version = std::to_string(major);
  throw Error(ErrorCode::unsupported, "a server of version " + version + " needs " + name + " of version " + version +
                                          " or newer, and there is none; found: " + (list.empty() ? "none" : list))
      .hint("apt-get install postgresql-client-" + version)
      .with("program", name)
      .with("version", version);
}

Settings pinned_to(const Connection& connection, const Settings& settings) {
  Settings here = settings;
  auto& parameters = here.options.connection;
  parameters.clear();
  // What decides between several servers has been decided.
  const std::string_view decided[] = {"host",    "hostaddr",       "port", "target_session_attrs", "load_balance_hosts",
                                      "service", "client_encoding"};
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> all(PQconninfo(connection.handle()),
                                                                         &PQconninfoFree);
  for (const PQconninfoOption* option = all.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val == nullptr || *option->val == '\0') continue;
    if (std::ranges::find(decided, std::string_view(option->keyword)) == std::end(decided)) {
      parameters[option->keyword] = option->val;
    }
  }
  const auto set = [&](const char* name, const char* value) {
    if (value != nullptr && *value != '\0') parameters[name] = value;
  };
  // With several addresses of one name, the one in use; certificates are still checked against the name.
  set("host", PQhost(connection.handle()));
  if (!parameters["host"].starts_with('/')) set("hostaddr", PQhostaddr(connection.handle()));
  set("port", PQport(connection.handle()));
  set("dbname", PQdb(connection.handle()));
  set("password", PQpass(connection.handle()));
  return here;
}

ChildConnection child_connection(const Settings& pinned) {
  ChildConnection child;
  for (const char* name : {"PATH", "HOME", "KRB5CCNAME", "LD_LIBRARY_PATH", "TMPDIR"}) {
    if (auto value = pinned.environment.get(name)) child.environment.emplace_back(name, *std::move(value));
  }
  child.environment.emplace_back("LC_ALL", "C");
  const auto& parameters = pinned.options.connection;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> all(PQconndefaults(), &PQconninfoFree);
  for (const PQconninfoOption* option = all.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const std::string name = option->keyword;
    const auto given = parameters.find(name);
    if (given == parameters.end() || name == "fallback_application_name") continue;
    if (option->envvar != nullptr) {
      child.environment.emplace_back(option->envvar, given->second);
    } else if (*option->dispchar == '*') {
      throw Error(
          ErrorCode::unsupported,
          name + " cannot be handed to PostgreSQL's own programs without showing it; use a key without a password");
    } else {
      child.connection_string += name + "='";
      for (const char c : given->second) {
        if (c == '\'' || c == '\\') child.connection_string += '\\';
        child.connection_string += c;
      }
      child.connection_string += "' ";
    }
  }
  if (!parameters.contains("application_name")) child.environment.emplace_back("PGAPPNAME", "dbsnap");
  return child;
}

}  // namespace dbsnap::postgres
