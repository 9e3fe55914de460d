// Getting models of the hub: what there is, what of it is missing here, and that.
#include "gpu/model/fetch_hub.hpp"

#include <algorithm>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "gpu/model/config_json.hpp"
#include "gpu/model/hub_download.hpp"
#include "gpu/model/hub_listing.hpp"
#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/part_file.hpp"
#include "gpu/model/safetensors.hpp"
#include "gpu/text/json_file.hpp"

namespace avp {

namespace {

namespace fs = std::filesystem;

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw model_error(folder.string() + ": can't be made: " + error.message());
}

std::uint64_t size_or_zero(const fs::path& path) {
  std::error_code error;
  const auto size = fs::file_size(path, error);
  return error ? 0 : size;
}

/// One fetch into one folder. Nobody else fetches into it meanwhile.
class hub_fetch {
public:
  hub_fetch(hub_source source, fs::path folder, const fetch_observer& observer)
      : source_(std::move(source)),
        inside_(source_.file.substr(0, source_.file.rfind('/') + 1)),
        folder_(std::move(folder)),
        observer_(observer),
        manifest_(folder_ / "hub.json.part") {}

  void run(const std::vector<hub_file>& listing) {
    if (!source_.file.empty()) {
      get(gguf_files(listing, source_.file));
    } else {
      const auto texts = text_files(listing);
      get(texts);
      refuse_early();
      std::vector<std::string> weights{"model.safetensors"};
      if (texts.back().path == "model.safetensors.index.json")
        weights = shard_names(place_of(texts.back().path));
      get(files_named(listing, weights));
    }
    finish();
  }

  void give_up() {
    if (manifest_.size() == 0)
      manifest_.remove();
  }

private:
  struct staged_file {
    hub_file file;
    std::unique_ptr<part_file> part; ///< Nothing where it lies there already.
  };

  /// A model that can't run is refused before its weights come.
  void refuse_early() const {
    const auto name = "config.json";
    [[maybe_unused]] const auto config =
        text_config_from_json(read_json_file(place_of(name)), (folder_ / name).string());
  }

  /// Downloads those of the files that are not here as they should be.
  void get(std::vector<hub_file> files) {
    std::uint64_t missing = 0, begun = 0;
    std::vector<hub_file> wanted;
    for (auto& file : files) {
      file.path.erase(0, inside_.size());
      if (is_there(folder_ / file.path) && mistake_in(file, folder_).empty()) {
        staged_.push_back({std::move(file), nullptr});
        continue;
      }
      missing += file.bytes;
      begun += std::min(file.bytes, size_or_zero(folder_ / (file.path + ".part")));
      wanted.push_back(std::move(file));
    }
    check_space(missing - begun);
    std::uint64_t done = 0;
    for (auto& file : wanted) {
      const auto bytes = file.bytes;
      download(std::move(file), done, missing);
      done += bytes;
    }
  }

  void check_space(std::uint64_t bytes) const {
    std::error_code error;
    const auto space = fs::space(folder_, error);
    if (!error && space.available < bytes)
      throw model_error(folder_.string() + ": " + std::to_string(bytes) + " bytes are to come, but only " +
                        std::to_string(space.available) + " are free");
  }

  void download(hub_file file, std::uint64_t done, std::uint64_t total) {
    const auto path = folder_ / file.path;
    make_folder(path.parent_path());
    auto part = std::make_unique<part_file>(path.string() + ".part");
    const hub_source from{source_.repository, source_.revision, inside_ + file.path};
    fetch_observer counted = observer_;
    counted.progress = [&](std::uint64_t here, std::uint64_t) { observer_.progress(done + here, total); };
    observer_.note(hub_url(from));
    try {
      get_checked(file, hub_url(from), *part, counted);
    } catch (const source_error& error) {
      if (part->size() == 0)
        part->remove();
      throw source_error(from.file + ": " + error.what());
    }
    staged_.push_back({std::move(file), std::move(part)});
  }

  // A wrong sum is the hub's fault, unless it went on from bytes that were there before: then it gets a second chance.
  void get_checked(const hub_file& file, const std::string& url, part_file& part, const fetch_observer& counted) {
    if (part.size() > file.bytes)
      part.clear();
    const bool continued = part.size() > 0;
    download_from_hub(url, file.bytes, part, counted);
    auto as_part = file;
    as_part.path += ".part";
    if (mistake_in(as_part, folder_).empty())
      return;
    part.clear();
    if (!continued)
      throw source_error("what came has not the sum that the hub says, " +
                         (file.sha256.empty() ? "git blob " + file.git_blob : "SHA-256 " + file.sha256) +
                         "; it is removed. Did somebody change the repository just now? Then fetch it again");
    observer_.note("what an earlier download had left is not part of this file; starting anew");
    get_checked(file, url, part, counted);
  }

  /// Where a file lies that is not named yet, or is.
  [[nodiscard]] fs::path place_of(const std::string& path) const {
    const auto found = std::ranges::find_if(staged_, [&](const auto& one) { return one.file.path == path; });
    return found != staged_.end() && found->part ? found->part->path() : folder_ / path;
  }

  void finish() {
    const auto earlier = read_earlier();
    std::vector<hub_file> files;
    for (const auto& one : staged_) {
      if (one.part)
        one.part->rename_to(folder_ / one.file.path);
      files.push_back(one.file);
    }
    for (const auto& old : earlier) {
      if (std::ranges::find(files, old.path, &hub_file::path) != files.end())
        continue;
      std::error_code error;
      if (!source_.file.empty() || old.path.ends_with(".gguf")) // of another model in this folder
        files.push_back(old);
      else // the repository has it no longer
        fs::remove(folder_ / old.path, error);
    }
    const auto text = hub_manifest_text(files);
    manifest_.clear();
    manifest_.append(std::as_bytes(std::span(text)));
    manifest_.rename_to(folder_ / "hub.json");
  }

  [[nodiscard]] std::vector<hub_file> read_earlier() const {
    try {
      return read_hub_manifest(folder_);
    } catch (const model_error& error) { // damaged; it is written anew
      observer_.note(error.what());
      return {};
    }
  }

  hub_source source_;
  std::string inside_; ///< Folder of the repository whose files come, with a slash at its end; empty: its root.
  fs::path folder_;
  const fetch_observer& observer_;
  part_file manifest_;
  std::vector<staged_file> staged_;
};

// Whether what is here will do where the hub can't be asked.
bool is_whole(const fs::path& path) {
  try {
    return hub_files_are_here(path) && hub_mistakes(path).empty();
  } catch (const model_error&) {
    return false;
  }
}

} // namespace

fs::path fetch_hub_model(std::string_view name, const fs::path& folder, const fetch_observer& observer) {
  const auto source = parse_hub_name(name);
  const auto path = hub_path(folder, source);
  const auto place = source.file.empty() ? path : path.parent_path();
  const auto fail = [&](const source_error& error) {
    return model_error("model \"" + std::string(name) + "\" can't be fetched from " + hub_address() + ": " +
                       error.what());
  };
  std::vector<hub_file> listing;
  observer.note(std::string(name) + " from " + hub_address());
  try {
    listing = list_hub_files(source);
  } catch (const source_error& error) {
    if (!is_whole(path))
      throw fail(error);
    observer.note(std::string("the hub can't be asked (") + error.what() + "); what is here is whole, and is kept");
    return path;
  }
  make_folder(place);
  hub_fetch fetch(source, place, observer);
  try {
    fetch.run(listing);
  } catch (const source_error& error) {
    fetch.give_up();
    throw fail(error);
  } catch (const model_error&) {
    fetch.give_up();
    throw;
  }
  return path;
}

} // namespace avp
