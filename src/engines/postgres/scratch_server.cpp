#include "engines/postgres/scratch_server.hpp"

#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/posix_file.hpp"
#include "dbsnap/error.hpp"
#include "engines/postgres/connection.hpp"
#include "engines/postgres/programs.hpp"
#include "engines/postgres/restore.hpp"
#include "engines/postgres/target_checks.hpp"

namespace dbsnap::postgres {
namespace {

constexpr const char* kRole = "dbsnap";
constexpr const char* kDatabaseName = "restored";

Settings settings_in(const Settings& settings, const std::string& folder) {
  PostgresOptions options;
  options.connection = {
      {"host", folder}, {"port", "5432"}, {"user", kRole}, {"dbname", kDatabaseName}, {"sslmode", "disable"}};
  options.program_folder = settings.options.program_folder;
  options.jobs = settings.options.jobs;
  options.include = settings.options.include;
  options.exclude = settings.options.exclude;
  // Where its files lie is of no interest here, and the folders may be in use.
  options.tablespaces = false;
  return make_settings(std::move(options), settings.environment);
}

/// The server's programs refuse to work for root: another user's rights, and the folder made theirs.
std::vector<std::string> with_rights_of_another(const std::string& folder) {
  if (::geteuid() != 0) return {};
  const passwd* user = ::getpwnam("postgres");
  if (user == nullptr) user = ::getpwnam("nobody");
  if (user == nullptr)
    throw Error(ErrorCode::unsupported, "a server cannot be run as root, and there is no user postgres");
  if (::chown(folder.c_str(), user->pw_uid, user->pw_gid) != 0) throw posix_error(errno, "give away", folder);
  return {"/usr/bin/setpriv", "--reuid=" + std::to_string(user->pw_uid), "--regid=" + std::to_string(user->pw_gid),
          "--clear-groups"};
}

class ScratchServer {
 public:
  ScratchServer(const Settings& settings, const std::string& folder, int major, const Context& context) {
    const std::string data = folder + "/data";
    const Variables environment = {{"PATH", "/usr/bin:/bin"}, {"LC_ALL", "C"}, {"HOME", folder}};
    const std::vector<std::string> rights = with_rights_of_another(folder);
    const Program initdb = find_program("initdb", major, settings, context);
    std::vector<std::string> make = rights;
    for (const std::string& word :
         {initdb.path, std::string("--no-sync"), std::string("--auth=trust"), std::string("--encoding=UTF8"),
          std::string("--no-locale"), "--username=" + std::string(kRole), "--pgdata=" + data}) {
      make.push_back(word);
    }
    run_to_end(make, environment, context);
    std::vector<std::string> start = rights;
    const std::string server = std::filesystem::path(initdb.path).parent_path().string() + "/postgres";
    for (const std::string& word : {server, std::string("-D"), data, std::string("-k"), folder}) start.push_back(word);
    for (const std::string& setting :
         {std::string("listen_addresses="), std::string("fsync=off"), std::string("full_page_writes=off"),
          std::string("autovacuum=off"), std::string("wal_level=minimal"), std::string("max_wal_senders=0"),
          std::string("logging_collector=on"), "log_directory=" + folder,
          std::string("max_locks_per_transaction=512")}) {
      start.emplace_back("-c");
      start.push_back(setting);
    }
    program_ = std::make_unique<ChildProgram>(start, environment, SIGQUIT);
    await(settings, context);
  }

 private:
  static void run_to_end(const std::vector<std::string>& argv, const Variables& environment, const Context& context) {
    ChildProgram program(argv, environment);
    std::array<std::byte, 4096> ignored{};
    while (program.read(ignored, context) != 0) continue;
    program.finish(context);
  }

  void await(const Settings& settings, const Context& context) const {
    constexpr int kTries = 600;
    for (int tries = 1;; ++tries) {
      context.check();
      try {
        const Connection connection(settings, "postgres", context);
        return;
      } catch (const Error& error) {
        if (error.code() != ErrorCode::source_unreachable || tries == kTries) throw;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  std::unique_ptr<ChildProgram> program_;
};

class ScratchEngine final : public Snapshotter {
 public:
  ScratchEngine(const Settings& settings, std::string folder)
      : folder_(std::move(folder)),
        settings_(settings_in(settings, folder_)),
        inner_(make_postgres_engine(settings_.options)) {}

  [[nodiscard]] SourceInfo describe() const override { return inner_->describe(); }
  std::unique_ptr<Session> begin(const SnapshotRequest& request, const Context& context) override {
    return inner_->begin(request, context);
  }
  void restore(SnapshotReader& reader, const RestoreOptions& options, const Context& context) override {
    const Facts& facts = reader.manifest().engine_facts;
    if (!server_) server_ = std::make_unique<ScratchServer>(settings_, folder_, major_of(facts), context);
    make_roles(fact_text(facts, "roles"), context);
    inner_->restore(reader, options, context);
  }
  void check_restored(const Context& context) override { inner_->check_restored(context); }
  [[nodiscard]] std::unique_ptr<Snapshotter> scratch_target(const std::string& folder) const override {
    return make_scratch_engine(settings_, folder);
  }

 private:
  static int major_of(const Facts& facts) {
    const auto found = facts.find("server_version_num");
    return found == facts.end() ? 0 : static_cast<int>(std::get<std::int64_t>(found->second) / 10000);
  }

  // Owners and policies name them; what they may do elsewhere is of no interest.
  void make_roles(const std::string& roles, const Context& context) const {
    if (roles.empty()) return;
    Connection connection(settings_, "postgres", context);
    const Rows missing = connection.query(
        "SELECT format('CREATE ROLE %I', name) FROM unnest($1::text[]) AS name WHERE name NOT IN (SELECT rolname FROM "
        "pg_roles)",
        {roles}, "cannot look for roles", context);
    for (int row = 0; row < missing.size(); ++row)
      connection.run(missing.text(row, 0), "cannot create a role", context);
  }

  std::string folder_;
  Settings settings_;
  std::unique_ptr<ScratchServer> server_;
  std::unique_ptr<Snapshotter> inner_;
};

}  // namespace

std::unique_ptr<Snapshotter> make_scratch_engine(const Settings& settings, const std::string& folder) {
  return std::make_unique<ScratchEngine>(settings, folder);
}

}  // namespace dbsnap::postgres
