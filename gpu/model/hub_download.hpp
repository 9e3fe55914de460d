// Downloading a file from a Hugging Face hub or a mirror of one.
#pragma once

#include <stdexcept>
#include <string>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch_observer.hpp"
#include "gpu/model/part_file.hpp"

namespace avp {

/// Why one source could not give a model; the next one may.
class source_error : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// Where a file of the hub lies: $AVP_HUB (https://huggingface.co unless set)/REPOSITORY/resolve/REVISION/FILE.
[[nodiscard]] std::string hub_url(const hub_source& source);

/// Downloads `url` into `part`, from where it ends, until it has `bytes` bytes. Goes on after a cut connection for as
/// long as each attempt brings something. Throws source_error; model_error when the disk fails.
void download_from_hub(const std::string& url, std::uint64_t bytes, part_file& part, const fetch_observer& observer);

} // namespace avp
