// Names of the hub, and where they lie on this machine.
#include "gpu/model/hub_name.hpp"

#include <algorithm>

#include "gpu/model/hub_download.hpp"
#include "gpu/model/hub_manifest.hpp"
#include "gpu/model/model_error.hpp"
#include "transport/ascii.hpp"

namespace avp {

namespace {

constexpr std::string_view prefix = "hf:";

[[noreturn]] void fail(std::string_view name, const std::string& why) {
  throw model_error("model \"" + std::string(name) + "\": " + why +
                    "; expected hf:OWNER/NAME for a repository with safetensors or hf:OWNER/NAME/FILE.gguf, and "
                    "behind either @REVISION where it is not main");
}

// What stands before the next slash, which is taken away.
std::string_view take_segment(std::string_view& rest) {
  const auto slash = std::min(rest.find('/'), rest.size());
  const auto segment = rest.substr(0, slash);
  rest.remove_prefix(std::min(slash + 1, rest.size()));
  return segment;
}

// Of an owner or a repository.
bool is_name(std::string_view text) {
  return !text.empty() && text.front() != '.' && std::ranges::all_of(text, [](char c) {
    return is_letter(c) || is_digit(c) || c == '.' || c == '-' || c == '_';
  });
}

bool is_folder_or_file(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && std::ranges::none_of(text, [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\\' || c == '\x7f';
  });
}

} // namespace

bool is_hub_name(std::string_view source) { return source.starts_with(prefix); }

hub_source parse_hub_name(std::string_view name) {
  auto rest = name.substr(std::min(prefix.size(), name.size()));
  hub_source source{.repository = "", .revision = "main", .file = ""};
  if (const auto at = rest.find('@'); at != std::string_view::npos) {
    source.revision = rest.substr(at + 1);
    rest = rest.substr(0, at);
    if (source.revision.ends_with(".gguf"))
      fail(name, "the revision comes last");
    if (!is_folder_or_file(source.revision))
      fail(name, "a revision is a branch, a tag or a commit");
  }
  const auto owner = take_segment(rest), repository = take_segment(rest);
  if (!is_name(owner) || !is_name(repository))
    fail(name, "is no name of a repository");
  source.repository = std::string(owner) + "/" + std::string(repository);
  source.file = rest;
  while (!rest.empty())
    if (!is_folder_or_file(take_segment(rest)))
      fail(name, "\"" + source.file + "\" is no file of a repository");
  if (!source.file.empty() && !source.file.ends_with(".gguf"))
    fail(name, "\"" + source.file + "\" is no .gguf file");
  return source;
}

std::filesystem::path hub_path(const std::filesystem::path& folder, const hub_source& source) {
  const auto place = folder / "hf" / (source.repository + "@" + percent_encoded(source.revision));
  return source.file.empty() ? place : place / source.file;
}

bool hub_model_is_here(const std::filesystem::path& folder, std::string_view name) {
  return hub_files_are_here(hub_path(folder, parse_hub_name(name)));
}

std::filesystem::path resolve_hub_name(const std::filesystem::path& folder, std::string_view name) {
  auto path = hub_path(folder, parse_hub_name(name));
  if (!hub_files_are_here(path))
    throw model_error("model \"" + std::string(name) + "\" is not on this machine (" + path.string() +
                      "); get it with: avp-model fetch " + std::string(name));
  return path;
}

} // namespace avp
