// The SFTP sink keeps the sink contract, over OpenSSH's server.
#include <doctest/doctest.h>

#include <memory>

#include "conformance/sink_conformance.hpp"
#include "dbsnap/registry.hpp"
#include "harness/ssh_server.hpp"
#include "harness/temp_folder.hpp"

namespace dbsnap::testing {
namespace {

/// A sink over a fresh folder, which goes with it.
std::shared_ptr<Sink> make_empty() {
  auto folder = std::make_shared<TempFolder>();
  auto sink = open_sink(shared_ssh_server().url(*folder / "repository"));
  Sink* const plain = sink.get();
  return {plain, [folder, sink](Sink*) mutable { sink.reset(); }};
}

std::shared_ptr<Sink> open_again(Sink& sink) { return open_sink(sink.url()); }

// Every put waits for the disk, hence the shorter listing; longer than what the server shows at once all the same.
const SinkSubject kSftp{.make_empty = make_empty, .open_again = open_again, .long_listing = 300};

TEST_CASE("sftp sink: objects") { check_sink_objects(kSftp); }
TEST_CASE("sftp sink: keys") { check_sink_keys(kSftp); }
TEST_CASE("sftp sink: listing") { check_sink_listing(kSftp); }
TEST_CASE("sftp sink: cancellation and deadline") { check_sink_context(kSftp); }
TEST_CASE("sftp sink: threads and processes") { check_sink_concurrency(kSftp); }

}  // namespace
}  // namespace dbsnap::testing
