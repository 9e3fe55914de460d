// What the hub says of the files that were fetched from it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "gpu/model/mapped_file.hpp"

namespace avp {

/// A file of a hub repository. It counts only with the right size and sum.
struct hub_file {
  std::string path; ///< From the folder that it is in, or from the root of the repository.
  std::uint64_t bytes = 0;
  std::string sha256;   ///< Hexadecimal; of small files, which git keeps itself, empty.
  std::string git_blob; ///< Git's name of the content (SHA-1, hexadecimal), where there is no `sha256`.
};

/// SHA-1 of a file as git names it: of "blob SIZE\0" and its bytes.
[[nodiscard]] std::string git_blob_of(const mapped_file& file);

/// What the file `hub.json` of a folder says; nothing where there is none. Throws model_error when it is damaged.
[[nodiscard]] std::vector<hub_file> read_hub_manifest(const std::filesystem::path& folder);

/// The text of a hub.json.
[[nodiscard]] std::string hub_manifest_text(const std::vector<hub_file>& files);

/// Those of the files that the model at `path` is made of: of a GGUF file all its parts, of a directory all but GGUF
/// files. None where the model did not come from the hub.
[[nodiscard]] std::vector<hub_file> hub_files_of(const std::filesystem::path& path);

/// Whether the model at `path` came from the hub and all of its files are still there.
[[nodiscard]] bool hub_files_are_here(const std::filesystem::path& path);

/// What is wrong with one of them in `folder`; empty where it is as the hub has it. `sha256`: its sum, where it is
/// known already.
[[nodiscard]] std::string mistake_in(const hub_file& file, const std::filesystem::path& folder,
                                     const std::string& sha256 = {});

/// All that is wrong with the files of the model at `path`, each read once; none where it did not come from the hub.
[[nodiscard]] std::vector<std::string> hub_mistakes(const std::filesystem::path& path);

/// Throws model_error where a file of the model at `path` has not the size that the hub says.
void check_hub_sizes(const std::filesystem::path& path);

/// Throws model_error where one has not its sum. `sha256`: the sums that are known already, by name.
void check_hub_sums(const std::filesystem::path& path, const std::map<std::string, std::string>& sha256);

} // namespace avp
