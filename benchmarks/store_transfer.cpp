// Moves objects between a folder and a store through the public interface, several at once, as packs are moved.
//
//     store-transfer put|get STORE-URL FOLDER THREADS
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "dbsnap/dbsnap.hpp"

namespace {

dbsnap::Bytes read_file(const std::filesystem::path& path) {
  dbsnap::Bytes bytes(std::filesystem::file_size(path));
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!in) throw dbsnap::Error(dbsnap::ErrorCode::io, "cannot read " + path.string());
  return bytes;
}

void write_file(const std::filesystem::path& path, dbsnap::ByteView bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw dbsnap::Error(dbsnap::ErrorCode::io, "cannot write " + path.string());
}

/// Calls `work` for each name, on several threads; rethrows the first failure.
template <typename Work>
void for_each(const std::vector<std::string>& names, unsigned threads, Work work) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex mutex;
  {
    std::vector<std::jthread> crew;
    for (unsigned n = 0; n < threads; ++n) {
      crew.emplace_back([&] {
        try {
          for (std::size_t at = next++; at < names.size(); at = next++) work(names[at]);
        } catch (...) {
          const std::scoped_lock lock(mutex);
          if (!failure) failure = std::current_exception();
        }
      });
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void transfer(const std::string& verb, const std::string& url, const std::filesystem::path& folder, unsigned threads) {
  const auto store = dbsnap::open_sink(url);
  const dbsnap::Context context;
  std::vector<std::string> names;
  if (verb == "put") {
    for (const auto& entry : std::filesystem::directory_iterator(folder)) names.push_back(entry.path().filename());
    for_each(names, threads, [&](const std::string& name) {
      store->put("packs/" + name, read_file(folder / name), {.if_absent = false, .once = true}, context);
    });
    return;
  }
  store->list(
      "packs/",
      [&](const dbsnap::ObjectInfo& object) {
        names.push_back(object.key.substr(6));
        return true;
      },
      context);
  for_each(names, threads,
           [&](const std::string& name) { write_file(folder / name, store->get("packs/" + name, {}, context)); });
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: store-transfer put|get STORE-URL FOLDER THREADS\n", stderr);
    return 2;
  }
  try {
    transfer(argv[1], argv[2], argv[3], static_cast<unsigned>(std::atoi(argv[4])));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
