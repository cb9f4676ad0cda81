// A small order service that backs itself up through the connection it has open anyway: a snapshot each "night" with
// progress, a retention policy, a verified repository, and a restore beside the database.
//
// Usage: order-service FOLDER
#include <sqlite3.h>

#include <cstdlib>
#include <dbsnap/dbsnap.hpp>
#include <dbsnap/engines/sqlite.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <stdexcept>

namespace {

namespace fs = std::filesystem;

/// The service's own database.
class OrderBook {
 public:
  explicit OrderBook(const fs::path& path) : path_(path) {
    sqlite3* opened = nullptr;
    const int status = sqlite3_open(path.c_str(), &opened);
    database_.reset(opened);
    if (status != SQLITE_OK) throw std::runtime_error(sqlite3_errmsg(opened));
    run("PRAGMA journal_mode = WAL");
    run("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY, customer TEXT, amount INTEGER)");
  }

  /// One day of business.
  void take_orders(int count) {
    run("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(count) +
        ") INSERT INTO orders (customer, amount) SELECT hex(randomblob(16)), abs(random()) % 10000 FROM n");
  }

  /// An engine that reads through this connection: no second one is opened, no lock of this process is lost.
  std::unique_ptr<dbsnap::Snapshotter> engine() const {
    return dbsnap::make_sqlite_engine({.path = path_.string(), .connection = database_.get()});
  }

 private:
  void run(const std::string& sql) {
    if (sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      throw std::runtime_error(sqlite3_errmsg(database_.get()));
    }
  }

  struct Close {
    void operator()(sqlite3* database) const { sqlite3_close(database); }
  };
  fs::path path_;
  std::unique_ptr<sqlite3, Close> database_;
};

dbsnap::Repository open_or_create(const fs::path& folder, const std::string& password) {
  const dbsnap::Context context;
  const auto sink = dbsnap::open_sink(folder.string());
  try {
    return dbsnap::Repository::open(sink, {.password = password}, context);
  } catch (const dbsnap::Error& error) {
    if (error.code() != dbsnap::ErrorCode::no_repository) throw;
    dbsnap::CreateOptions options;
    options.password = password;
    return dbsnap::Repository::create(sink, options, context);
  }
}

void back_up(dbsnap::Repository& repository, const OrderBook& orders) {
  dbsnap::Context context;
  context.on_progress = [](const dbsnap::Progress& progress) {
    std::cerr << "  " << name_of(progress.phase) << ' ' << progress.bytes_done << " bytes\n";
  };
  dbsnap::SnapshotOptions options;
  options.tags = {"nightly"};
  options.host = dbsnap::local_host_name();
  const dbsnap::Manifest manifest = repository.snapshot(*orders.engine(), options, context);
  std::cout << "snapshot " << manifest.id << ": " << manifest.stats.bytes_read << " bytes read, "
            << manifest.stats.bytes_stored << " bytes stored\n";
}

void keep_newest_three(dbsnap::Repository& repository) {
  const dbsnap::Context context;
  dbsnap::KeepRules rules;
  rules.last = 3;
  const auto plan = repository.plan_prune(*dbsnap::make_keep_policy(rules), {}, context);
  const auto report = repository.apply(plan, {}, context);
  std::cout << "pruned " << report.snapshots_removed << " snapshots\n";
}

void verify_and_restore(const dbsnap::Repository& repository, const fs::path& copy) {
  const dbsnap::Context context;
  const auto report = repository.verify({}, context);
  for (const auto& damage : report.damage) std::cout << damage.object << ": " << damage.what << '\n';
  if (!report.ok()) throw std::runtime_error("the repository is damaged");
  const auto target = dbsnap::open_engine_named("sqlite", copy.string());
  const std::string latest = repository.resolve("latest", {}, context);
  repository.restore(latest, *target, {}, 0, context);
  target->check_restored(context);
  std::cout << "repository is sound\nrestored " << latest << " to " << copy.string() << '\n';
}

void serve(const fs::path& folder) {
  OrderBook orders(folder / "orders.db");
  dbsnap::Repository repository = open_or_create(folder / "backups", "correct horse battery staple");
  for (int night = 0; night < 5; ++night) {
    orders.take_orders(night == 0 ? 20000 : 50);
    back_up(repository, orders);
    keep_newest_three(repository);
  }
  verify_and_restore(repository, folder / "restored.db");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: " << argv[0] << " FOLDER\n";
    return 2;
  }
  try {
    serve(fs::absolute(argv[1]));
    return EXIT_SUCCESS;
  } catch (const dbsnap::Error& error) {
    std::cerr << "error[" << name_of(error.code()) << "]: " << error.message() << '\n';
    if (!error.why().empty()) std::cerr << "  why: " << error.why() << '\n';
    if (!error.hint().empty()) std::cerr << "  try: " << error.hint() << '\n';
    return error.exit_code();
  } catch (const std::exception& failure) {
    std::cerr << failure.what() << '\n';
    return EXIT_FAILURE;
  }
}
