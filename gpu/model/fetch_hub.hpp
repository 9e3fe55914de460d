// Getting models of the hub that are not in the catalogue.
#pragma once

#include <filesystem>
#include <string_view>

#include "gpu/model/fetch_observer.hpp"

namespace avp {

/// Gets what a name of the hub (hf:OWNER/NAME[/FILE.gguf][@REVISION]) stands for into `folder` (made when it is not
/// there) and returns its path. Files are taken as the hub lists them now; those that are there already are only
/// checked, what an interrupted fetch left (FILE.part) is used, and of one that another fetch got earlier only what
/// changed is loaded. All get their names when the sizes and sums of all are right, and then stand in hub.json. Where
/// the hub can't be asked, files that are there and right will do. Throws model_error.
std::filesystem::path fetch_hub_model(std::string_view name, const std::filesystem::path& folder,
                                      const fetch_observer& observer = {});

} // namespace avp
