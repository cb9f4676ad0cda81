// Bytes in and out: export, import and reading the entries of a snapshot.
#include <algorithm>
#include <array>
#include <utility>

#include "callback_context.hpp"
#include "dbsnap/json.hpp"
#include "dbsnap/registry.hpp"
#include "dbsnap/repository.hpp"
#include "guard.hpp"
#include "handles.hpp"
#include "option_reader.hpp"
#include "shared_engine.hpp"

namespace dbsnap::capi {
namespace {

class CallbackWriter final : public EntryWriter {
 public:
  CallbackWriter(dbsnap_write_fn call, void* data, bool parallel) : call_(call), data_(data), parallel_(parallel) {}
  [[nodiscard]] bool parallel() const override { return parallel_; }
  void write(std::uint64_t offset, ByteView bytes) override {
    run_callback("the writer", [&](dbsnap_error** error) {
      return call_(data_, offset, reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), error);
    });
  }

 private:
  dbsnap_write_fn call_;
  void* data_;
  bool parallel_;
};

class CallbackReader final : public EntryReader {
 public:
  CallbackReader(dbsnap_read_fn call, void* data) : call_(call), data_(data) {}
  std::size_t read(MutableByteView out, const Context& context) override {
    context.check();
    std::size_t size = 0;
    run_callback("the source", [&](dbsnap_error** error) {
      return call_(data_, reinterpret_cast<uint8_t*>(out.data()), out.size(), &size, error);
    });
    if (size > out.size()) {
      throw Error(ErrorCode::internal, "the source claims more bytes than there was room for");
    }
    return size;
  }

 private:
  dbsnap_read_fn call_;
  void* data_;
};

constexpr std::array<std::pair<std::string_view, ExportCompression>, 3> kCompressions{
    {{"none", ExportCompression::none}, {"gzip", ExportCompression::gzip}, {"zstd", ExportCompression::zstd}}};

ExportCompression compression_named(std::string_view name) {
  const auto* found = std::ranges::find(kCompressions, name, &std::pair<std::string_view, ExportCompression>::first);
  if (found != kCompressions.end()) return found->second;
  throw Error(ErrorCode::invalid_argument,
              "unknown compression " + std::string(name) + "; known are none, gzip and zstd");
}

/// The engine to export with: the caller's, or the built-in one that took the snapshot.
std::shared_ptr<Snapshotter> exporting_engine(dbsnap_engine* engine, const Repository& repository,
                                              const std::string& id, const Context& context) {
  if (engine != nullptr) return engine->snapshotter;
  const Manifest manifest = repository.manifest(id, context);
  return open_engine_named(manifest.source.engine, manifest.source.url);
}

}  // namespace
}  // namespace dbsnap::capi

using dbsnap::capi::context_of;
using dbsnap::capi::give_document;
using dbsnap::capi::guarded;
using dbsnap::capi::Operation;
using dbsnap::capi::OptionReader;
using dbsnap::capi::required;
using dbsnap::capi::required_text;

dbsnap_status dbsnap_repository_export(const dbsnap_repository* repository, const char* id, dbsnap_engine* engine,
                                       const dbsnap_options* options, const dbsnap_context* context,
                                       dbsnap_write_fn writer, void* writer_data, dbsnap_error** error) {
  return guarded(error, [&] {
    const OptionReader reader(options, Operation::export_);
    const auto compression = dbsnap::capi::compression_named(reader.text("compression", "none"));
    const std::string name(required_text(id, "id"));
    const dbsnap::Repository& opened = required(repository, "repository").repository;
    required(writer, "writer");
    const auto exporter = dbsnap::capi::exporting_engine(engine, opened, name, context_of(context));
    dbsnap::capi::CallbackWriter out(writer, writer_data, false);
    opened.export_snapshot(name, *exporter, compression, out, context_of(context));
  });
}

dbsnap_status dbsnap_repository_import(dbsnap_repository* repository, dbsnap_engine* engine, dbsnap_read_fn source,
                                       void* source_data, const dbsnap_options* options, const dbsnap_context* context,
                                       dbsnap_document** manifest, dbsnap_error** error) {
  if (manifest != nullptr) *manifest = nullptr;
  return guarded(error, [&] {
    const auto settings = dbsnap::capi::snapshot_options(options, Operation::import);
    required(source, "source");
    auto file = std::make_unique<dbsnap::capi::CallbackReader>(source, source_data);
    const auto taken = required(repository, "repository")
                           .repository.import_file(std::move(file), *required(engine, "engine").snapshotter, settings,
                                                   context_of(context));
    give_document(manifest, dbsnap::to_json(taken));
  });
}

dbsnap_status dbsnap_repository_read(const dbsnap_repository* repository, const char* id, const dbsnap_options* options,
                                     const dbsnap_context* context, dbsnap_reader** reader, dbsnap_error** error) {
  if (reader != nullptr) *reader = nullptr;
  return guarded(error, [&] {
    const OptionReader settings(options, Operation::read);
    const std::string name(required_text(id, "id"));
    const unsigned threads = settings.number<unsigned>("threads").value_or(0);
    required(reader, "reader");
    auto opened = required(repository, "repository").repository.reader(name, threads, context_of(context));
    dbsnap::SnapshotReader& snapshot = *opened;
    *reader = new dbsnap_reader{std::move(opened), snapshot};
  });
}

void dbsnap_reader_free(dbsnap_reader* reader) { delete reader; }

dbsnap_status dbsnap_reader_manifest(const dbsnap_reader* reader, dbsnap_document** manifest, dbsnap_error** error) {
  if (manifest != nullptr) *manifest = nullptr;
  return guarded(error, [&] {
    give_document(&required(manifest, "manifest"), dbsnap::to_json(required(reader, "reader").reader.manifest()));
  });
}

dbsnap_status dbsnap_reader_copy_entry(const dbsnap_reader* reader, const char* name, bool parallel,
                                       dbsnap_write_fn writer, void* writer_data, const dbsnap_context* context,
                                       dbsnap_error** error) {
  return guarded(error, [&] {
    const std::string_view entry = required_text(name, "name");
    required(writer, "writer");
    dbsnap::capi::CallbackWriter out(writer, writer_data, parallel);
    required(reader, "reader").reader.copy_entry(entry, out, context_of(context));
  });
}
