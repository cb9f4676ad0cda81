// Writes the seed corpus: make-fuzz-corpus FOLDER. Each file starts a fuzzer off with a valid input, or
// with one that is wrong in a way that matters.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>

#include "format/chunk_table.hpp"
#include "format/config.hpp"
#include "format/envelope.hpp"
#include "format/frame.hpp"
#include "format/frame_codec.hpp"
#include "format/key_slot.hpp"
#include "format/ledger_codec.hpp"
#include "format/manifest_codec.hpp"
#include "format/pack.hpp"
#include "format/round_codec.hpp"
#include "repo/plain_file.hpp"
#include "support.hpp"

namespace dbsnap::fuzz {
namespace {

class Corpus {
 public:
  explicit Corpus(std::filesystem::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& name, ByteView bytes) const {
    std::filesystem::create_directories(folder_ / target);
    std::ofstream out(folder_ / target / name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) throw std::runtime_error("cannot write to " + folder_.string());
  }
  void add(const std::string& target, const std::string& name, std::string_view text) const {
    add(target, name, view_of(text));
  }

 private:
  std::filesystem::path folder_;
};

Bytes joined(ByteView first, ByteView second) {
  Bytes bytes(first.begin(), first.end());
  bytes.insert(bytes.end(), second.begin(), second.end());
  return bytes;
}

std::string some_text(std::size_t lines) {
  std::string text;
  for (std::size_t i = 0; i < lines; ++i)
    text += std::to_string(i * i) + "\tsome words of line " + std::to_string(i) + "\n";
  return text;
}

SlotRef some_base(std::uint32_t offset) {
  PackId pack = corpus_pack();
  pack.number = 7;
  return {{pack, offset, 900}, 3};
}

ChunkRef some_row(std::uint32_t number) {
  ChunkRef row;
  row.id = open_keys().chunk_id(view_of(std::to_string(number)));
  row.at = some_base(64 + number * 900);
  row.length = 65536;
  row.depth = static_cast<std::uint8_t>(number);
  return row;
}

void add_texts(const Corpus& corpus) {
  corpus.add("recovery_code", "valid", "0V1KP-7M29A-XQ3T2-5ZB8B-H0DW2-A4P6M-J1RCY-EVF05");
  corpus.add("recovery_code", "typed", "ov1kp 7m29a xq3t2 5zb8b hodw2 a4p6m j1rcy evf05\n");
  corpus.add("recovery_code", "mistyped", "0V1KP-7M29A-XQ3T2-5ZB8B-H0DW2-A4P6M-J1RCY-EVF06");
  corpus.add("recovery_code", "words", "correct horse battery staple");
  int number = 0;
  for (const char* text : {"", "Zg==", "Zm8=", "Zm9vYmFy", "Zh==", "+/+/"}) {
    corpus.add("base64", "seed-" + std::to_string(++number), std::string_view(text));
  }
  number = 0;
  for (const char* text : {"36h", "7d", "1y6m", "90m", "", "-1d", "99999999999999999999y"}) {
    corpus.add("duration", "seed-" + std::to_string(++number), std::string_view(text));
  }
  number = 0;
  for (const char* text : {"2026-11-21T06:59:29Z", "2026-11-21T06:59:29.000000001+01:30", "2026-11-21",
                           "2026-11-21 06:59", "2026-02-30", "2261-12-31T23:59:60Z", "1678-01-01T00:00:00+23:59"}) {
    corpus.add("time_text", "seed-" + std::to_string(++number), std::string_view(text));
  }
  number = 0;
  for (const char* text :
       {"/srv/app.db", "sqlite:///srv/my%20app.db?mode=ro", "s3://key:se%2Fcret@[::1]:9000/bucket/a?secret_key=x&quick",
        "redis+sentinel://h1:26379,h2/mymaster", "memory:", "postgres://u:p@host:99999/db", "./a:b", "x://a%zz"}) {
    corpus.add("url", "seed-" + std::to_string(++number), std::string_view(text));
  }
  corpus.add("names", "pack", pack_key(corpus_pack()));
  corpus.add("names", "manifest", kCorpusObject);
  corpus.add("names", "session", to_text(corpus_pack().session));
  corpus.add("names", "wrong-folder", std::string_view("packs/01/00112233445566778899aabbccddeeff-1"));
}

void add_streams(const Corpus& corpus) {
  const std::string text = some_text(60);
  corpus.add("chunker", "text", "\x40\x20\x40\x10" + text);
  corpus.add("chunker", "zeros", "\x40\x10\x10\xff" + std::string(1500, '\0'));
  corpus.add("chunker", "bad-bounds", "\x3f\x20\x40\x10" + text.substr(0, 100));
  for (const auto compression : {ExportCompression::none, ExportCompression::gzip, ExportCompression::zstd}) {
    struct Writer final : EntryWriter {
      void write(std::uint64_t, ByteView bytes) override { out.insert(out.end(), bytes.begin(), bytes.end()); }
      Bytes out;
    } out;
    CompressingWriter writer(out, compression);
    writer.write(0, view_of(text));
    writer.finish();
    const std::string name = compression == ExportCompression::none   ? "plain"
                             : compression == ExportCompression::gzip ? "gzip"
                                                                      : "zstd";
    const Bytes file = joined(view_of("\x10"), out.out);
    corpus.add("plain_file", name, file);
    corpus.add("plain_file", name + "-twice", joined(file, out.out));
    corpus.add("plain_file", name + "-short", ByteView(file).first(file.size() / 2));
    corpus.add("plain_file", name + "-and-more", joined(file, view_of("more")));
  }
}

void add_rounds(const Corpus& corpus) {
  const PackId pack = corpus_pack();
  const std::string plan = encode_plan({.condemned = {pack, {pack.session, pack.number + 7}}, .seen = {pack.session}});
  corpus.add("round", "plan", view_of(plan));
  corpus.add("round", "verdict", view_of(encode_verdict({.packs = {pack}})));
  corpus.add("round", "short", view_of(plan).first(plan.size() - 4));
}

void add_ledgers(const Corpus& corpus) {
  constexpr std::uint64_t kTime = 1'795'244'369'000;
  Ledger ledger;
  for (std::uint32_t n = 0; n < 4; ++n) {
    PackId pack = corpus_pack();
    pack.number = n * n;
    ledger[pack] = {kTime + n % 2, n < 2 ? kTime : 0, n == 3 ? kTime + 1000 : 0};
    pack.session[0] = std::byte{0x77};
    ledger[pack] = {kTime, 0, 0};
  }
  const Bytes payload = encode_ledger(ledger);
  corpus.add("ledger", "two-sessions", payload);
  corpus.add("ledger", "short", ByteView(payload).first(payload.size() - 3));
  corpus.add("ledger", "empty", encode_ledger({}));
}

Manifest some_manifest() {
  Manifest manifest;
  manifest.id = to_text(corpus_pack().session);
  manifest.source = {"sqlite", "sqlite:///srv/app.db", "app.db", "web1"};
  manifest.source_key = "0011223344556677";
  manifest.time = manifest.started = manifest.finished = TimePoint(std::chrono::seconds(1'795'244'369));
  manifest.engine_facts = {{"wal", true}, {"page_size", std::int64_t{4096}}, {"exclusive_ms", 0.5}, {"salt", "5f3a"}};
  manifest.tags = {"nightly"};
  manifest.entries = {{.name = "main",
                       .kind = EntryKind::page_file,
                       .size = 9,
                       .chunks = 1,
                       .digest = std::string(64, 'a'),
                       .facts = {{"pages", std::int64_t{2}}},
                       .table_level = 1,
                       .table_root = Bytes(kRowSize)}};
  manifest.packs = {{.key = pack_key(corpus_pack()), .size = 900, .sha256 = std::string(64, 'b'), .bases = {0}}};
  return manifest;
}

void add_documents(const Corpus& corpus) {
  const Bytes manifest = encode_manifest(some_manifest());
  corpus.add("manifest", "valid", manifest);
  Manifest copied = some_manifest();
  copied.origin = {.repository = std::string(32, 'c'), .id = std::string(32, 'd')};
  corpus.add("manifest", "copied", encode_manifest(copied));
  std::string newer(text_of(manifest));
  newer.replace(newer.find("\"format\":1"), 10, "\"format\":2");
  corpus.add("manifest", "newer", newer);
  corpus.add("manifest", "nested", "{\"format\":" + std::string(40, '['));

  RepositoryConfig config{.format = 1,
                          .id = to_text(corpus_pack().session),
                          .encrypted = false,
                          .chunk_size = 65536,
                          .frame_size = 524288,
                          .pack_size = 16 << 20};
  corpus.add("config", "open", encode_config(config));
  config.encrypted = true;
  const Bytes encrypted = encode_config(config);
  corpus.add("config", "encrypted", encrypted);
  corpus.add("config", "short", ByteView(encrypted).first(200));

  const KeyName name = corpus_key();
  const NewKey key{.kind = KeyKind::password, .label = "laptop", .created = {}, .cost = {.n = 16, .r = 1, .p = 1}};
  const Bytes slot = encode_key_slot(name, seal_key_slot(config, name, key, "password", {}));
  corpus.add("key_slot", "valid", slot);
  corpus.add("key_slot", "short", ByteView(slot).first(300));
  std::string dear(text_of(slot));
  dear.replace(dear.find("\"n\": 16"), 7, "\"n\": 4194304");
  corpus.add("key_slot", "dear", dear);

  const std::string text = some_text(20);
  const Bytes body = FrameCodec().compress(view_of(text), {}, 3);
  const char size[] = {static_cast<char>(text.size() >> 8), static_cast<char>(text.size())};
  corpus.add("envelope", "payload", joined(view_of(std::string_view(size, 2)), body));
  corpus.add("envelope", "wrong-size", joined(view_of("\x01\x01"), body));
  corpus.add("envelope", "object", seal_object(open_keys(), ObjectType::manifest, kCorpusObject, view_of(text)));
}

void add_directories(const Corpus& corpus) {
  Bytes frames;
  append_directory_frame({.place = {corpus_pack(), 64, 900},
                          .depth = 2,
                          .entry = 3,
                          .table_level = 0,
                          .slots = {{some_row(1).id, 65536, 4096}, {some_row(2).id, 131072, 65536}}},
                         frames);
  append_directory_frame({.place = {corpus_pack(), 964, 60},
                          .depth = 0,
                          .entry = 3,
                          .table_level = 1,
                          .slots = {{some_row(3).id, 0, 128}}},
                         frames);
  const Bytes directory = encode_directory({some_base(0).frame.pack, corpus_pack()}, frames);
  // Number of frames, and bytes of all of them together.
  const std::string_view right("\x02\x03\xc0", 3);
  const std::string_view wrong_count("\x03\x03\xc0", 3);
  const std::string_view wrong_size("\x02\x03\xc1", 3);
  corpus.add("pack", "directory", joined(view_of(right), directory));
  corpus.add("pack", "wrong-count", joined(view_of(wrong_count), directory));
  corpus.add("pack", "wrong-size", joined(view_of(wrong_size), directory));
  corpus.add("pack", "short-directory", joined(view_of(right), ByteView(directory).first(60)));
}

void add_frames(const Corpus& corpus) {
  const std::string old_text = some_text(30), text = some_text(31);
  FrameCodec codec;
  const auto sizes = [](std::uint8_t encoding, std::size_t plain, std::size_t base) {
    return std::string{static_cast<char>(encoding),   0,
                       static_cast<char>(plain >> 8), static_cast<char>(plain),
                       static_cast<char>(base >> 8),  static_cast<char>(base)};
  };
  const Bytes delta = codec.compress(view_of(text), view_of(old_text), 3);
  corpus.add("frame_codec", "stored", sizes(0, text.size(), 0) + text);
  corpus.add("frame_codec", "zstd", joined(view_of(sizes(1, text.size(), 0)), codec.compress(view_of(text), {}, 3)));
  corpus.add("frame_codec", "delta", joined(view_of(sizes(2, text.size(), old_text.size()) + old_text), delta));
  corpus.add("frame_codec", "delta-without-base", joined(view_of(sizes(2, text.size(), 0)), delta));

  Prelude prelude{.entry = 2,
                  .table_level = 0,
                  .slots = {{0, 100, 0}, {4096, 50, Slot::kNoBase}, {8192, 30, 1}},
                  .bases = {some_base(64), some_base(5000)}};
  FrameHeader header{.encoding = FrameEncoding::zstd_delta,
                     .depth = 2,
                     .slots = 3,
                     .prelude_size = 0,
                     .body_size = 0,
                     .plain_size = 180};
  const auto add_frame = [&](const std::string& name) {
    const Bytes encoded = encode_prelude(prelude);
    header.prelude_size = static_cast<std::uint32_t>(encoded.size());
    Bytes frame;
    append_header(header, frame);
    corpus.add("frame", name, joined(joined(frame, encoded), view_of("a body")));
  };
  add_frame("delta");
  header.plain_size = 181;
  add_frame("wrong-sum");
  header = {
      .encoding = FrameEncoding::stored, .depth = 0, .slots = 1, .prelude_size = 0, .body_size = 0, .plain_size = 6};
  prelude = {.entry = 0, .table_level = 1, .slots = {{1 << 20, 6, Slot::kNoBase}}, .bases = {}};
  add_frame("stored");

  add_directories(corpus);
  PackBuilder builder(open_keys(), corpus_pack(), 1024);
  builder.append({.prelude = prelude,
                  .body = {FrameEncoding::stored, Bytes(6)},
                  .depth = 0,
                  .plain_size = 6,
                  .ids = {some_row(1).id}});
  corpus.add("pack", "whole", std::move(builder).finish().bytes);

  Bytes rows;
  for (std::uint32_t i = 0; i < 3; ++i) append_row(some_row(i), rows);
  corpus.add("chunk_table", "rows", rows);
  corpus.add("chunk_table", "short", ByteView(rows).first(100));
}

void put_big_endian(Bytes& bytes, std::size_t position, std::uint32_t value, std::size_t size = 4) {
  for (std::size_t i = 0; i < size; ++i) bytes.at(position + i) = static_cast<std::byte>(value >> (8 * (size - 1 - i)));
}

void add_sqlite(const Corpus& corpus) {
  Bytes header(100);
  std::ranges::copy(view_of("SQLite format 3"), header.begin());
  put_big_endian(header, 16, 4096, 2);
  for (const auto& [position, value] : {std::pair{18, 2}, {19, 2}, {21, 64}, {22, 32}, {23, 32}}) {
    header[static_cast<std::size_t>(position)] = static_cast<std::byte>(value);
  }
  for (const std::size_t position : {24, 28, 44, 56, 92}) put_big_endian(header, position, 1);
  put_big_endian(header, 96, 3040001);
  corpus.add("sqlite_header", "wal", header);
  corpus.add("sqlite_header", "short", ByteView(header).first(60));
  put_big_endian(header, 16, 1, 2);
  corpus.add("sqlite_header", "page-65536", header);
  put_big_endian(header, 16, 1000, 2);
  corpus.add("sqlite_header", "page-1000", header);

  // Magic, page size and checksums are put right by the target.
  constexpr std::size_t kFrame = 24 + 512;
  Bytes log(32 + 3 * kFrame);
  for (std::uint32_t frame = 0; frame < 3; ++frame) {
    put_big_endian(log, 32 + frame * kFrame, frame % 2 + 1);
    put_big_endian(log, 32 + frame * kFrame + 4, frame == 1 ? 2 : 0);
  }
  corpus.add("sqlite_wal", "commit-and-rest", log);
  corpus.add("sqlite_wal", "short", ByteView(log).first(700));
  corpus.add("sqlite_wal", "header", ByteView(log).first(20));
}

}  // namespace
}  // namespace dbsnap::fuzz

int main(int argc, char** argv) {
  using namespace dbsnap::fuzz;
  if (argc != 2) {
    std::fputs("usage: make-fuzz-corpus FOLDER\n", stderr);
    return 2;
  }
  try {
    const Corpus corpus(argv[1]);
    add_texts(corpus);
    add_streams(corpus);
    add_documents(corpus);
    add_ledgers(corpus);
    add_rounds(corpus);
    add_frames(corpus);
    add_sqlite(corpus);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
