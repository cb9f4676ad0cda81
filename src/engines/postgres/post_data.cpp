#include "engines/postgres/post_data.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <utility>

#include "engines/postgres/entry_names.hpp"
#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/script_runner.hpp"
#include "engines/postgres/statement.hpp"

namespace dbsnap::postgres {
namespace {

struct WorkItem {
  std::string sql;
  std::string tablespace;  ///< the SET that is in force for it
  StatementInfo info;
  std::uint64_t size = 0;  ///< bytes of its table's rows
};

/// Statements that may run at once, given out so that none waits for a lock of another or meets it in a deadlock.
class WorkQueue {
 public:
  explicit WorkQueue(std::vector<WorkItem> items) : waiting_(items.begin(), items.end()) {}

  /// The next statement whose tables are free; waits for one. Nothing when all have been given out.
  std::optional<WorkItem> take(const Context& context) {
    std::unique_lock lock(mutex_);
    for (;;) {
      context.check();
      const auto found = std::ranges::find_if(waiting_, [&](const WorkItem& item) { return is_free(item.info); });
      if (found != waiting_.end()) {
        WorkItem item = std::move(*found);
        waiting_.erase(found);
        hold(item.info, 1);
        return item;
      }
      if (waiting_.empty()) return std::nullopt;
      changed_.wait_for(lock, std::chrono::milliseconds(100));
    }
  }
  void done(const WorkItem& item) {
    const std::scoped_lock lock(mutex_);
    hold(item.info, -1);
    changed_.notify_all();
  }

 private:
  /// Indexes share their table, constraints have theirs alone.
  struct Use {
    int shared = 0;
    int alone = 0;
  };
  [[nodiscard]] bool is_free(const StatementInfo& info) const {
    const auto use_of = [&](const std::string& table) {
      const auto found = uses_.find(table);
      return found == uses_.end() ? Use{} : found->second;
    };
    if (info.kind == StatementKind::index) return use_of(info.table).alone == 0;
    const auto unused = [&](const std::string& table) {
      const Use use = use_of(table);
      return use.alone == 0 && use.shared == 0;
    };
    return unused(info.table) && (info.referenced.empty() || unused(info.referenced));
  }
  void hold(const StatementInfo& info, int change) {
    if (info.kind == StatementKind::index) {
      uses_[info.table].shared += change;
      return;
    }
    uses_[info.table].alone += change;
    if (!info.referenced.empty() && info.referenced != info.table) uses_[info.referenced].alone += change;
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::list<WorkItem> waiting_;
  std::map<std::string, Use> uses_;
};

/// Collects statements that may run at once, and runs them when one comes that may not.
class PostData {
 public:
  PostData(RestoreRun& run, const std::set<std::string>& without) : run_(run), without_(without) {
    for (const ManifestEntry& entry : run.reader().manifest().entries) {
      if (!entry.name.starts_with(kTablePrefix)) continue;
      const std::size_t end = entry.name.find('/', kTablePrefix.size());
      sizes_[entry.name.substr(kTablePrefix.size(), end - kTablePrefix.size())] += entry.size;
    }
  }

  void add(const std::string& sql) {
    const StatementInfo info = classify(sql);
    switch (info.kind) {
      case StatementKind::setting:
        return set(sql);
      case StatementKind::detail:
        details_.push_back(sql);
        return;
      case StatementKind::index:
      case StatementKind::constraint:
        if (keys_) run_collected();
        return collect(sql, info);
      case StatementKind::foreign_key:
        if (without_.contains(info.table) || without_.contains(info.referenced)) {
          return run_.log(LogLevel::info, "left out, because rows were left out: " + beginning_of(sql));
        }
        if (!keys_) run_collected();
        keys_ = true;
        return collect(sql, info);
      case StatementKind::other:
        run_collected();
        use_tablespace(run_.main(), tablespace_, run_.context());
        run_.run_statement(run_.main(), sql, run_.context());
        return;
    }
  }

  void run_collected() {
    std::ranges::stable_sort(items_, std::greater(), &WorkItem::size);
    const std::size_t count = items_.size();
    WorkQueue queue(std::exchange(items_, {}));
    run_.on_connections(count, [&](Connection& connection, const Context& context) {
      for (const std::string& setting : settings_) connection.run(setting, "cannot prepare the session", context);
      while (const auto item = queue.take(context)) {
        use_tablespace(connection, item->tablespace, context);
        run_.run_statement(connection, item->sql, context);
        queue.done(*item);
      }
    });
    for (const std::string& detail : std::exchange(details_, {})) {
      run_.run_statement(run_.main(), detail, run_.context());
    }
    keys_ = false;
  }

 private:
  void set(const std::string& sql) {
    if (sql.starts_with("SET default_tablespace")) {
      tablespace_ = sql;
    } else if (!sql.starts_with("SET statement_timeout") && !sql.starts_with("SET lock_timeout")) {
      settings_.push_back(sql);
      run_.main().run(sql, "cannot prepare the session", run_.context());
    }
  }

  void collect(const std::string& sql, const StatementInfo& info) {
    const auto size = sizes_.find(info.table);
    items_.push_back({sql, tablespace_, info, size == sizes_.end() ? 0 : size->second});
  }

  static void use_tablespace(Connection& connection, const std::string& setting, const Context& context) {
    if (!setting.empty()) connection.run(setting, "cannot choose the tablespace", context);
  }

  RestoreRun& run_;
  const std::set<std::string>& without_;
  std::map<std::string, std::uint64_t> sizes_;
  std::vector<std::string> settings_;
  std::string tablespace_;
  std::vector<WorkItem> items_;
  std::vector<std::string> details_;
  bool keys_ = false;  ///< foreign keys are being collected
};

}  // namespace

void run_post_data(RestoreRun& run, const std::vector<std::string>& privileges, const std::set<std::string>& without) {
  PostData post(run, without);
  bool given = false;
  const auto give = [&] {
    if (std::exchange(given, true)) return;
    post.run_collected();
    for (const std::string& sql : privileges) run.run_statement(run.main(), sql, run.context());
  };
  for (const std::string& sql : read_statements(run, kPostData)) {
    if (sql.starts_with("REFRESH MATERIALIZED VIEW") || sql.starts_with("CREATE EVENT TRIGGER")) give();
    post.add(sql);
  }
  post.run_collected();
  give();
}

namespace {

/// Statistics are no content: where a table's own functions refuse, this is said and passed over.
void analyze(RestoreRun& run, Connection& connection, const std::string& sql, const Context& context) {
  const std::string action = "cannot gather statistics: " + sql;
  if (run.transaction()) connection.run("SAVEPOINT statistics", action, context);
  try {
    connection.run(sql, action, context);
  } catch (const Error& error) {
    // Without a code of the server's the connection itself is gone.
    if (sqlstate_of(error).empty()) throw;
    if (run.transaction()) connection.run("ROLLBACK TO SAVEPOINT statistics", action, context);
    run.log(LogLevel::warning, error.message() + ": " + error.why());
  }
}

}  // namespace

void analyze_tables(RestoreRun& run) {
  // A partitioned table takes its partitions with it.
  const Rows rows = run.main().query(
      "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_catalog.pg_class c JOIN "
      "pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition "
      "AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)' "
      "ORDER BY c.relpages DESC, 1",
      "cannot list the tables", run.context());
  std::vector<WorkItem> items;
  for (int row = 0; row < rows.size(); ++row) {
    items.push_back({"ANALYZE " + rows.text(row, 0), "", {StatementKind::constraint, rows.text(row, 0), ""}, 0});
  }
  const std::size_t count = items.size();
  WorkQueue queue(std::move(items));
  run.on_connections(count, [&](Connection& connection, const Context& context) {
    while (const auto item = queue.take(context)) {
      analyze(run, connection, item->sql, context);
      queue.done(*item);
    }
  });
}

}  // namespace dbsnap::postgres
