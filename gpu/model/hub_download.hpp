// Downloading from a Hugging Face hub or a mirror of one.
#pragma once

#include <stdexcept>
#include <string>

#include "gpu/model/fetch_observer.hpp"
#include "gpu/model/hub_source.hpp"
#include "gpu/model/part_file.hpp"

namespace avp {

/// Why one source could not give a model; the next one may.
class source_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The hub: $AVP_HUB, else $HF_ENDPOINT, else https://huggingface.co, without a slash at its end. Where $HF_TOKEN is
/// set, requests to it (and to no other host that it leads to) carry this token.
[[nodiscard]] std::string hub_address();

/// Where a file of the hub lies: HUB/REPOSITORY/resolve/REVISION/FILE.
[[nodiscard]] std::string hub_url(const hub_source& source);

/// Text as a part of a path that holds it and nothing else: bytes other than letters, digits and -._~ as %XX, slashes
/// too.
[[nodiscard]] std::string percent_encoded(const std::string& text);

/// A text that the hub gives, and where it goes on.
struct hub_page {
  std::string text;
  std::string next; ///< URL of the next page (header Link, rel="next"); empty for the last one.
};

/// Gets a short text, such as a list of files. Throws source_error, also for one of more than 64 MiB.
[[nodiscard]] hub_page read_from_hub(const std::string& url);

/// Downloads `url` into `part`, from where it ends, until it has `bytes` bytes. Goes on after a cut connection for as
/// long as each attempt brings something. Throws source_error; model_error when the disk fails.
void download_from_hub(const std::string& url, std::uint64_t bytes, part_file& part, const fetch_observer& observer);

} // namespace avp
