// Another process that uses a database while the tests take snapshots of it. It links SQLite and nothing
// of dbsnap. Runs until it is sent SIGTERM, then says how many commits it made.
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

namespace {

volatile std::sig_atomic_t stop_wanted = 0;

[[noreturn]] void fail(sqlite3* db, const std::string& what) {
  std::fprintf(stderr, "%s: %s (%d)\n", what.c_str(), sqlite3_errmsg(db), sqlite3_extended_errcode(db));
  std::exit(1);
}

int run(sqlite3* db, const std::string& sql) { return sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr); }

void must(sqlite3* db, const std::string& sql) {
  if (run(db, sql) != SQLITE_OK) fail(db, sql);
}

void say(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

void wait_for_stop() {
  while (stop_wanted == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

std::uint64_t next_random(std::uint64_t& state) {
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return state >> 33U;
}

/// Moves money between accounts, one commit per transfer, as fast as it can. Counts the times it was
/// told that the database is busy: a writer in WAL mode must never hear that because of a snapshot.
void transfer(sqlite3* db, const std::string& checkpoint, int every) {
  std::uint64_t random = 88172645463325252ULL;
  std::uint64_t commits = 0;
  std::uint64_t busy = 0;
  while (stop_wanted == 0) {
    const std::string from = std::to_string(next_random(random) % 1000);
    const std::string to = std::to_string(next_random(random) % 1000);
    const std::string amount = std::to_string(next_random(random) % 100);
    const int code = run(db, "BEGIN IMMEDIATE; UPDATE account SET balance = balance - " + amount +
                                 " WHERE id = " + from + "; UPDATE account SET balance = balance + " + amount +
                                 " WHERE id = " + to + "; UPDATE progress SET commits = commits + 1; COMMIT");
    if (code == SQLITE_OK) {
      ++commits;
    } else if (code == SQLITE_BUSY) {
      ++busy;
      run(db, "ROLLBACK");
    } else {
      fail(db, "transfer");
    }
    if (commits == 20) say("running");
    if (every > 0 && commits % static_cast<std::uint64_t>(every) == 0) {
      run(db, "PRAGMA wal_checkpoint(" + checkpoint + ")");
    }
  }
  say("commits " + std::to_string(commits) + " busy " + std::to_string(busy));
}

/// Makes the database longer with every commit.
void grow(sqlite3* db) {
  std::uint64_t commits = 0;
  while (stop_wanted == 0) {
    must(db, "INSERT INTO growth(data) VALUES (randomblob(20000))");
    if (++commits == 20) say("running");
  }
  say("commits " + std::to_string(commits));
}

/// Checkpoints without pause.
void checkpoint(sqlite3* db, const std::string& mode) {
  std::uint64_t done = 0;
  while (stop_wanted == 0) {
    if (run(db, "PRAGMA wal_checkpoint(" + mode + ")") == SQLITE_OK && ++done == 1) say("running");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

/// Runs statements and keeps the connection, and whatever transaction they left open, until it is killed.
void hold(sqlite3* db, const std::string& sql) {
  must(db, sql);
  say("holding");
  wait_for_stop();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::signal(SIGTERM, [](int) { stop_wanted = 1; });
  const std::string_view verb = argv[1];
  const std::string first = argc > 3 ? argv[3] : "";
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(argv[2], &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr) != SQLITE_OK) fail(db, "open");
  sqlite3_busy_timeout(db, 30000);
  if (verb == "transfer") {
    must(db, "PRAGMA synchronous = OFF");
    transfer(db, first, argc > 4 ? std::atoi(argv[4]) : 0);
  } else if (verb == "impatient-transfer") {
    sqlite3_busy_timeout(db, 0);
    must(db, "PRAGMA synchronous = OFF");
    transfer(db, "PASSIVE", 0);
  } else if (verb == "grow") {
    must(db, "PRAGMA synchronous = OFF");
    grow(db);
  } else if (verb == "checkpoint") {
    checkpoint(db, first);
  } else if (verb == "run") {
    must(db, first);
  } else if (verb == "hold") {
    hold(db, first);
  } else {
    return 2;
  }
  return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}
