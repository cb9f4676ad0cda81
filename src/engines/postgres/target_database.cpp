#include "engines/postgres/target_database.hpp"

#include "base/pause.hpp"
#include "base/random.hpp"
#include "dbsnap/error.hpp"
#include "engines/postgres/pg_error.hpp"
#include "engines/postgres/target_checks.hpp"

namespace dbsnap::postgres {
namespace {

constexpr std::size_t kLongestName = 63;
constexpr std::string_view kSubscriptions =
    "SELECT quote_ident(s.subname) FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid WHERE d.datname = $1";
constexpr unsigned kLooks = 50;
constexpr std::chrono::milliseconds kBetweenLooks{100};

/// "app" becomes "app-dbsnap-1f2e3d4c", cut to what the server takes.
std::string beside(const std::string& name, const std::string& what) {
  const std::string suffix = "-dbsnap-" + what + random_hex(4);
  std::string start = name.substr(0, kLongestName - suffix.size());
  // Not half a character.
  while (start.size() < name.size() && !start.empty() &&
         (static_cast<unsigned char>(name[start.size()]) & 0xc0U) == 0x80U) {
    start.pop_back();
  }
  return start + suffix;
}

std::string create_statement(const std::string& name, const Facts& facts, int major) {
  std::string sql = "CREATE DATABASE " + quoted(name) + " TEMPLATE template0";
  const auto add = [&](const std::string& option, std::string_view fact) {
    const std::string value = fact_text(facts, fact);
    if (!value.empty()) sql += " " + option + " " + literal(value);
  };
  add("ENCODING", "encoding");
  add("LC_COLLATE", "collate");
  add("LC_CTYPE", "ctype");
  const std::string provider = fact_text(facts, "locale_provider");
  // Otherwise the template's, which depends on how the server was set up.
  if (major >= 15 && provider == "c") sql += " LOCALE_PROVIDER libc";
  if (major >= 15 && provider == "i") {
    sql += " LOCALE_PROVIDER icu";
    add("ICU_LOCALE", "locale");
  }
  if (major >= 17 && provider == "b") {
    sql += " LOCALE_PROVIDER builtin";
    add("BUILTIN_LOCALE", "locale");
  }
  return sql;
}

}  // namespace

TargetDatabase::TargetDatabase(const Settings& settings, const Manifest& manifest, const RestoreOptions& options,
                               const Context& context)
    : settings_(settings), target_(settings.database()), facts_(manifest.engine_facts), context_(context) {
  context_.stop = {};
  context_.deadline.reset();
  if (target_.empty()) {
    throw Error(ErrorCode::invalid_argument,
                "the URL of a PostgreSQL target must name a database: postgres://host/database");
  }
  connect(context);
  exists_ =
      server_->query("SELECT FROM pg_database WHERE datname = $1", {target_}, "cannot look for the target", context)
          .size() == 1;
  bool empty = false;
  if (exists_) {
    Connection inside(settings, target_, context);
    empty = holds_nothing(inside, context);
  }
  if (exists_ && !empty && !options.overwrite) {
    throw Error(ErrorCode::target_not_empty, "database " + target_ + " exists and is not empty")
        .hint("dbsnap restore … --overwrite")
        .with("database", target_);
  }
  in_place_ = exists_ && empty;
  check_server_fits(*server_, manifest, settings.options, !in_place_, context);
  if (exists_ && !in_place_) {
    refuse_when_busy(context);
    refuse_subscribed(context);
  }
  beside_ = beside(target_, "");
}

void TargetDatabase::connect(const Context& context) {
  const std::string& first = settings_.options.maintenance_database;
  try {
    server_ = std::make_unique<Connection>(settings_, first, context);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::source_unreachable || error.why().find("does not exist") == std::string::npos) throw;
    server_ = std::make_unique<Connection>(settings_, "template1", context);
  }
}

// A session ends a moment after its connection, so one look is not enough to refuse.
void TargetDatabase::refuse_when_busy(const Context& context) {
  const auto look = [&] {
    return server_->query(
        "SELECT count(*), coalesce(string_agg(DISTINCT usename || ' (' || application_name || ')', ', '), '') FROM "
        "pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
        {target_}, "cannot ask who uses the target", context);
  };
  Rows rows = look();
  for (unsigned looks = 1; looks < kLooks && rows.number(0, 0) != 0; ++looks) {
    pause(context, kBetweenLooks);
    rows = look();
  }
  if (rows.number(0, 0) == 0) return;
  throw Error(ErrorCode::target_busy, "database " + target_ + " is in use by " + rows.text(0, 0) + " connections")
      .why(rows.text(0, 1))
      .hint("psql -c \"SELECT * FROM pg_stat_activity WHERE datname = '" + target_ + "'\"");
}

// A database cannot be dropped while it has one, and what is dropped with it on the publisher's side is not ours to
// say.
void TargetDatabase::refuse_subscribed(const Context& context) {
  const Rows rows = server_->query(std::string(kSubscriptions), {target_}, "cannot ask for subscriptions", context);
  if (rows.size() == 0) return;
  throw Error(ErrorCode::target_busy, "database " + target_ + " has a subscription, which keeps it from being replaced")
      .why("subscription " + rows.text(0, 0))
      .hint("psql -d " + target_ + " -c 'DROP SUBSCRIPTION " + rows.text(0, 0) + "'")
      .with("database", target_);
}

void TargetDatabase::create(const Context& context) {
  if (in_place_) return;
  // Set first: a server that is gone when it has created the database gives no answer.
  created_ = true;
  server_->run(create_statement(beside_, facts_, server_->server_major()), "cannot create a database beside " + target_,
               context);
}

void TargetDatabase::put_in_place(const Context& context) {
  if (in_place_) return;
  context.check();
  const std::string old = beside(target_, "old-");
  std::string sql = "BEGIN; SET LOCAL synchronous_commit = on;";
  if (exists_) sql += "ALTER DATABASE " + quoted(target_) + " RENAME TO " + quoted(old) + ";";
  sql += "ALTER DATABASE " + quoted(beside_) + " RENAME TO " + quoted(target_) + ";";
  try {
    server_->run(sql, "cannot put the restored database in place of " + target_, context_);
    server_->run("COMMIT", "cannot put the restored database in place of " + target_, context_);
  } catch (...) {
    try {
      server_->run("ROLLBACK", "cannot go back", context_);
    } catch (const Error&) {
      // The first failure is the one to report.
    }
    throw;
  }
  created_ = false;
  if (exists_)
    server_->run("DROP DATABASE " + quoted(old), "cannot drop the database that was replaced, now " + old, context_);
}

void TargetDatabase::drop_beside() {
  const std::string action = "cannot drop " + beside_;
  const Rows rows = server_->query(std::string(kSubscriptions), {beside_}, action, context_);
  if (rows.size() != 0) {
    // Restored ones are switched off and have no slot on the publisher's side.
    Connection inside(settings_, beside_, context_);
    for (int row = 0; row < rows.size(); ++row) {
      inside.run("ALTER SUBSCRIPTION " + rows.text(row, 0) + " SET (slot_name = NONE)", action, context_);
      inside.run("DROP SUBSCRIPTION " + rows.text(row, 0), action, context_);
    }
  }
  const std::string force = server_->server_major() >= 13 ? " WITH (FORCE)" : "";
  server_->run("DROP DATABASE IF EXISTS " + quoted(beside_) + force, action, context_);
}

TargetDatabase::~TargetDatabase() {
  if (!created_) return;
  try {
    try {
      drop_beside();
    } catch (const Error& error) {
      if (error.code() != ErrorCode::source_unreachable) throw;
      // What ended the restore may have ended this connection as well.
      connect(context_);
      drop_beside();
    }
  } catch (const std::exception& failure) {
    try {
      if (context_.log) {
        context_.log(LogLevel::warning, "database " + beside_ + " was left on the server: " + failure.what());
      }
    } catch (...) {
      // A log callback that throws cannot stop what is over already.
    }
  }
}

}  // namespace dbsnap::postgres
