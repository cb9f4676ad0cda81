#include "repo/scratch_restore.hpp"

#include <filesystem>
#include <string>
#include <system_error>

#include "base/random.hpp"
#include "repo/snapshot_reader.hpp"

namespace dbsnap {
namespace {

/// A private folder below another, removed with all it holds.
class ScratchFolder {
 public:
  explicit ScratchFolder(const std::string& parent)
      : path_(std::filesystem::path(parent) / ("dbsnap-verify-" + random_hex(8))) {
    std::error_code failure;
    std::filesystem::create_directories(path_, failure);
    if (!failure) std::filesystem::permissions(path_, std::filesystem::perms::owner_all, failure);
    if (failure) {
      throw Error(ErrorCode::io, "cannot create the scratch folder " + path_.string()).why(failure.message());
    }
  }
  ~ScratchFolder() {
    std::error_code ignored;  // what is left behind in a scratch folder harms nobody
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

void restore_to_scratch(const std::shared_ptr<RepositoryState>& state, const Manifest& manifest,
                        const VerifyOptions& options, ProgressMeter& meter, const Context& context) {
  const ScratchFolder folder(options.scratch_folder);
  const auto target = options.engine(manifest)->scratch_target(folder.path());
  const auto reader = make_snapshot_reader(state, manifest, options.threads, &meter);
  target->restore(*reader, {}, context);
  target->check_restored(context);
}

}  // namespace dbsnap
