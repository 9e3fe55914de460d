// Guessing by the first bytes.
#include "gpu/model/file_kind.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "transport/ascii.hpp"

namespace avp {

namespace {

// Enough to tell; the whole of a Git LFS pointer, which has some 130 bytes.
constexpr std::size_t looked_at = 1024;

// "version https://git-lfs.github.com/spec/v1", "oid sha256:…", "size N" on lines of their own.
std::string git_lfs_pointer(std::string_view text) {
  constexpr std::string_view key = "\nsize ";
  std::string size;
  if (const auto at = text.find(key); at != std::string_view::npos)
    for (auto i = at + key.size(); i < text.size() && is_digit(text[i]); ++i)
      size += text[i];
  return "is a Git LFS pointer, which stands for the file" + (size.empty() ? "" : " of " + size + " bytes") +
         "; get the file itself: run `git lfs pull` in its folder (Debian's package git-lfs), or download it";
}

struct beginning {
  std::string_view bytes;
  std::string_view meaning;
};

using namespace std::string_view_literals;

constexpr std::array<beginning, 10> beginnings{{
    {"lmgg"sv, "is a GGML file from before GGUF; take a GGUF file of the model"},
    {"fmgg"sv, "is a GGML file from before GGUF; take a GGUF file of the model"},
    {"tjgg"sv, "is a GGML file from before GGUF; take a GGUF file of the model"},
    {"PK\x03\x04"sv, "is a zip archive, such as a PyTorch checkpoint; take the model's safetensors or a GGUF file"},
    {"\x80\x02"sv, "is a Python pickle, such as a PyTorch checkpoint; take the model's safetensors or a GGUF file"},
    {"\x89HDF"sv, "is an HDF5 file; take the model's safetensors or a GGUF file"},
    {"\x1f\x8b"sv, "is compressed (gzip); unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "is compressed (zstd); unpack it first"},
    {"\xfd\x37zXZ"sv, "is compressed (xz); unpack it first"},
    {"BZh"sv, "is compressed (bzip2); unpack it first"},
}};

// Files of a model in each other's place.
std::optional<std::string> other_model_file(std::string_view text, file_kind expected) {
  if (expected != file_kind::gguf && text.starts_with("GGUF"))
    return "is a GGUF file; a GGUF model is named by its file, not by a folder";
  if (expected != file_kind::safetensors && text.size() > 9 && text.substr(8, 2) == "{\"")
    return "is a safetensors file; name the Hugging Face folder that it belongs to, with its config.json and "
           "tokenizer.json";
  if (expected != file_kind::json && text.starts_with('{'))
    return "is a JSON text; a Hugging Face model is named by its folder, and what came from a server may be a message "
           "of what went wrong there";
  return std::nullopt;
}

} // namespace

std::optional<std::string> kind_of_wrong_file(std::span<const std::byte> bytes, file_kind expected) {
  if (bytes.empty())
    return "is empty; its download may have been broken off, so fetch it again";
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), looked_at));
  if (text.starts_with("version https://git-lfs.github.com/"))
    return git_lfs_pointer(text);
  const auto first = std::min(text.find_first_not_of(" \t\r\n\xEF\xBB\xBF"), text.size()); // behind a byte order mark
  const auto begin = lowered(text.substr(first));
  if (begin.starts_with("<!doctype html") || begin.starts_with("<html") || begin.starts_with("<head"))
    return "is a web page (HTML): a server sent it in place of the file, which may need a login or not be there; look "
           "at it, and fetch the file again";
  if (begin.starts_with("<?xml"))
    return "is an XML text, such as a server's message of what went wrong; look at it, and fetch the file again";
  if (text.find_first_not_of('\0') == std::string_view::npos)
    return "begins with nothing but zero bytes, as a download that was broken off may leave it; fetch it again";
  for (const auto& [start, meaning] : beginnings)
    if (text.starts_with(start))
      return std::string(meaning);
  return other_model_file(text, expected);
}

} // namespace avp
