// Sinks around sinks: try again, go slower, count, refuse to write.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "dbsnap/export.hpp"
#include "dbsnap/sink.hpp"

namespace dbsnap {

struct RetryOptions {
  unsigned attempts = 8;        ///< of one call, the first one included
  unsigned first_attempts = 4;  ///< the same until the store has answered once: it may not be there at all
  /// The pause before the n-th repetition is a random part of first_pause * 2^(n-1), and of no more than longest_pause.
  std::chrono::nanoseconds first_pause = std::chrono::milliseconds(200);
  std::chrono::nanoseconds longest_pause = std::chrono::seconds(20);
  /// No attempt begins when a call has taken so long.
  std::chrono::nanoseconds longest_call = std::chrono::minutes(3);
  /// A number from 0 up to 1, asked for by many threads at once; by default from the operating system.
  std::function<double()> random;
};

/// Repeats calls that fail with Error::retryable(), and is the only place of dbsnap that does: sinks fail at once. A
/// put with PutOptions::once is repeated only when the failure had no effect. Any other put may be carried out twice:
/// with `if_absent` and a lost answer the second one finds the object of the first, and returns already_exists, so that
/// its caller has to compare. list() gathers everything before it shows anything: its visitor sees every object once,
/// and may use the sink.
///
/// What a failure says is heeded: {"retry_after_s", "2.5"} is waited for at least; {"slow_down", ""} halves the number
/// of calls that are let through at the same time, which then grows again slowly. Waiting ends at once when the context
/// is stopped. A failure that would be waited for past the context's deadline becomes deadline_exceeded with the
/// failure in why(). The last failure is thrown with {"attempts", n}; had_no_effect() is then true only when it is for
/// every attempt.
DBSNAP_API std::shared_ptr<Sink> make_retry_sink(std::shared_ptr<Sink> inner, RetryOptions options = {});

/// Bytes of objects per second in each direction, 0 for no limit.
struct LimitOptions {
  std::uint64_t upload = 0;
  std::uint64_t download = 0;
};

/// Spaces out puts and gets, so that over all callers no more bytes per second pass than `options` says. A put waits
/// before it begins and a get before it returns; large ones wait in pieces, between which small ones pass. Listings and
/// looks are not counted. Returns `inner` itself when there is nothing to limit.
DBSNAP_API std::shared_ptr<Sink> make_limit_sink(std::shared_ptr<Sink> inner, const LimitOptions& options);

/// Adds up what sinks made by make_count_sink() were asked for. Safe from many threads.
class DBSNAP_API SinkCounter {
 public:
  void add(const SinkCounts& more);
  [[nodiscard]] SinkCounts counts() const;

 private:
  mutable std::mutex mutex_;
  SinkCounts counts_;
};

/// Adds every call to `counter`, failed ones too, and the bytes of those that succeed.
DBSNAP_API std::shared_ptr<Sink> make_count_sink(std::shared_ptr<Sink> inner, std::shared_ptr<SinkCounter> counter);

/// Lets everything be read; put() and remove() throw Error{access_refused}.
DBSNAP_API std::shared_ptr<Sink> make_read_only_sink(std::shared_ptr<Sink> inner);

}  // namespace dbsnap
