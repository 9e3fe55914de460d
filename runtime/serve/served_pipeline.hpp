// A pipeline that is to be served: its file read and checked, planned for every mode that it has prompts for.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "agents/registry.hpp"
#include "gpu/device_config.hpp"
#include "runtime/pipeline/pipeline.hpp"
#include "runtime/pipeline/plan.hpp"

namespace avp {

/// Nothing of it is loaded yet.
struct served_pipeline {
  std::string id;                       ///< The name by which clients ask for it: the pipeline's.
  std::filesystem::path file;           ///< As the user named it.
  std::shared_ptr<avp::pipeline> whole; ///< Its records come from clients.
  avp::mode usual = mode::latent;       ///< Where a request names none: the first of the file's.
  std::map<avp::mode, plan> plans;
  std::map<avp::mode, std::string> lacking; ///< Why the other modes are not served.
  std::string ask;                          ///< The field that the question fills.
  bool is_bare = false; ///< Whether it is a model alone, which reads what the client wrote as it stands.
};

/// Reads a pipeline file. Throws user_error with all of its mistakes, and where it can't be served: it sweeps, or it
/// does not say which field a question fills.
[[nodiscard]] served_pipeline read_served_pipeline(const std::filesystem::path& file, const registry& kinds);

/// Makes the names of models one for all: models that are the same keep one name, so that they are loaded once, and of
/// others with the same name all but the first are called ID/NAME from then on. Throws user_error where two pipelines
/// have one id.
void share_models(std::vector<served_pipeline>& pipelines);

/// The devices that all of them together need. Throws user_error where they want different things of one device.
[[nodiscard]] std::vector<device_config> devices_of(const std::vector<served_pipeline>& pipelines);

} // namespace avp
