// The contract of dbsnap::Sink as checks that every sink runs; docs/adding-a-sink.md shows how.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dbsnap/sink.hpp"

namespace dbsnap::testing {

/// What the checks need to know of a sink.
struct SinkSubject {
  /// An empty store. Called afresh for every check; what it holds open lives as long as the result.
  std::function<std::shared_ptr<Sink>()> make_empty;
  /// A second object over the store of the given one, as another process would open it. Leave it
  /// empty when the store is private to its object: the checks between processes are then left out.
  std::function<std::shared_ptr<Sink>(Sink&)> open_again = {};
  /// Size in bytes of the largest object to try; the contract allows 64 MiB.
  std::size_t largest_object = 64 * 1024 * 1024;
  /// Longest key in bytes that the sink takes; the contract asks for 512.
  std::size_t longest_key = 512;
  /// True for a store that does not know create-if-absent: put(if_absent) throws unsupported and changes nothing, and
  /// the checks of what it would do are left out.
  bool refuses_if_absent = false;
  /// Objects in the long listing; more than one page of a store that pages.
  unsigned long_listing = 1200;
};

/// Runs the checks as doctest subcases; call each from a test case of its own.
void check_sink_objects(const SinkSubject& subject);      ///< put, get, stat, remove of single objects
void check_sink_keys(const SinkSubject& subject);         ///< which keys are taken and which refused
void check_sink_listing(const SinkSubject& subject);      ///< list
void check_sink_context(const SinkSubject& subject);      ///< cancellation and deadline
void check_sink_concurrency(const SinkSubject& subject);  ///< threads, processes, kill -9

}  // namespace dbsnap::testing
