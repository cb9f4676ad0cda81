// One process of the chaos tests: backs up, prunes or forgets in a local repository, and meets one fault on the way.
//
//   chaos-actor FOLDER writer|pruner|forgetter [NAME=VALUE ...]
//
// Prints "id <snapshot>" for what it committed, "dropping <snapshot>" before it lets one go, and figures at the end.
// Exits with 0, or with the number of the error's code after "failed: ..." on standard error.
#include <cstdio>
#include <exception>
#include <map>
#include <stdexcept>
#include <string>

#include "chaos/chaos_data.hpp"
#include "chaos/chaos_sink.hpp"
#include "dbsnap/error.hpp"
#include "dbsnap/repository.hpp"
#include "dbsnap/sinks/local.hpp"
#include "harness/synthetic_engine.hpp"

namespace dbsnap::testing {
namespace {

/// The machine's clock, years off. Durations are left alone: those no host gets wrong.
class ShiftedClock final : public Clock {
 public:
  explicit ShiftedClock(std::int64_t years) : shift_(years * 365 * 24) {}
  [[nodiscard]] TimePoint now() const override { return system_clock().now() + shift_; }
  [[nodiscard]] MonotonicTime monotonic() const override { return system_clock().monotonic(); }

 private:
  std::chrono::hours shift_;
};

class Settings {
 public:
  Settings(int count, char** words) {
    for (int n = 0; n < count; ++n) {
      const std::string word = words[n];
      const auto equals = word.find('=');
      if (equals == std::string::npos) throw std::runtime_error("not NAME=VALUE: " + word);
      values_[word.substr(0, equals)] = word.substr(equals + 1);
    }
  }
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
  }
  [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise) const {
    return std::stoll(text(name, std::to_string(otherwise)));
  }

 private:
  std::map<std::string, std::string> values_;
};

ChaosFault fault_of(const Settings& settings) {
  static const std::map<std::string, ChaosFault::Action> kActions = {{"none", ChaosFault::Action::none},
                                                                     {"stop", ChaosFault::Action::stop},
                                                                     {"kill", ChaosFault::Action::kill},
                                                                     {"io", ChaosFault::Action::fail},
                                                                     {"no_space", ChaosFault::Action::fail}};
  const std::string action = settings.text("do", "none");
  return {.action = kActions.at(action),
          .at = static_cast<std::uint64_t>(settings.number("at", 1)),
          .after_effect = settings.number("after", 0) != 0,
          .writes_only = settings.number("writes", 0) != 0,
          .every_later = settings.number("later", 0) != 0,
          .code = action == "no_space" ? ErrorCode::no_space : ErrorCode::io};
}

ChaosListing listing_of(const Settings& settings) {
  using Shows = ChaosListing::Shows;
  static const std::map<std::string, Shows> kShows = {
      {"all", Shows::everything}, {"nothing", Shows::nothing}, {"half", Shows::half}, {"fail", Shows::failure}};
  return {.shows = kShows.at(settings.text("list", "all")),
          .at = static_cast<std::uint64_t>(settings.number("list_at", 1)),
          .every_later = settings.number("list_later", 1) != 0};
}

void say(const std::string& line) {
  std::fputs((line + "\n").c_str(), stdout);
  std::fflush(stdout);
}

void write_snapshots(Repository& repository, const Settings& settings, const Context& context) {
  SourceState state{.source = static_cast<std::uint64_t>(settings.number("source", 1)),
                    .changes = static_cast<std::uint64_t>(settings.number("changes", 1))};
  for (std::int64_t n = settings.number("count", 1); n > 0; --n, ++state.changes) {
    SyntheticEngine engine(data_of(state), "source-" + std::to_string(state.source));
    const Manifest manifest =
        repository.snapshot(engine, {.tags = {to_tag(state)}, .host = "host", .threads = 1}, context);
    say("id " + manifest.id);
  }
}

void prune(Repository& repository, const Settings& settings, const Context& context) {
  KeepRules rules;
  rules.last = static_cast<unsigned>(settings.number("keep", 1));
  for (std::int64_t n = settings.number("count", 1); n > 0; --n) {
    const PrunePlan plan = repository.plan_prune(*make_keep_policy(rules), {}, context);
    for (const PruneDecision& decision : plan.decisions) {
      if (!decision.verdict.keep) say("dropping " + decision.snapshot.id);
    }
    ApplyOptions options;
    options.patience = std::chrono::milliseconds(settings.number("patience_ms", 300'000));
    const PruneReport report = repository.apply(plan, options, context);
    say("packs " + std::to_string(report.packs_removed));
    say("fenced " + std::to_string(report.fenced));
  }
}

void forget_oldest(Repository& repository, const Context& context) {
  const auto snapshots = repository.snapshots({}, context);
  if (snapshots.empty()) return;
  say("dropping " + snapshots.back().id);
  repository.forget({snapshots.back().id}, context);
}

int run(int argc, char** argv) {
  if (argc < 3) throw std::runtime_error("usage: chaos-actor FOLDER writer|pruner|forgetter [NAME=VALUE ...]");
  const std::string verb = argv[2];
  const Settings settings(argc - 3, argv + 3);
  const ShiftedClock clock(settings.number("years", 0));
  Context context;
  context.clock = &clock;
  const auto sink = std::make_shared<ChaosSink>(make_local_sink({argv[1]}), fault_of(settings), listing_of(settings));
  Repository repository = Repository::open(sink, {}, context);
  if (verb == "writer") {
    write_snapshots(repository, settings, context);
  } else if (verb == "pruner") {
    prune(repository, settings, context);
  } else if (verb == "forgetter") {
    forget_oldest(repository, context);
  } else {
    throw std::runtime_error("no such actor: " + verb);
  }
  return 0;
}

}  // namespace
}  // namespace dbsnap::testing

int main(int argc, char** argv) {
  try {
    return dbsnap::testing::run(argc, argv);
  } catch (const dbsnap::Error& error) {
    std::fprintf(stderr, "failed: %s\n", error.message().c_str());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "failed: %s\n", error.what());
    return 99;
  }
}
