// Pipelines from files to a set of devices.
#include "runtime/serve/served_pipeline.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include <spdlog/spdlog.h>

#include "gpu/user_error.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/run/device_configs.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

load_result load(const std::filesystem::path& file, const registry& kinds, std::optional<avp::mode> mode) {
  load_options options;
  options.kinds = kinds.kinds();
  options.input = "-"; // records come from clients
  if (mode)
    options.modes = std::vector{*mode};
  return load_pipeline_file(file, options);
}

std::string braced(const std::set<std::string>& names) {
  std::vector<std::string> all;
  for (const auto& name : names)
    all.push_back("{{" + name + "}}");
  return listed(all);
}

std::string field_of_question(const served_pipeline& served) {
  if (served.whole->input.ask)
    return *served.whole->input.ask;
  std::set<std::string> fields;
  for (const auto& [mode, planned] : served.plans)
    fields.insert(planned.fields.begin(), planned.fields.end());
  if (fields.size() == 1)
    return *fields.begin();
  if (fields.empty())
    throw user_error(served.file.string() + ": no prompt names a variable that a message could fill");
  throw user_error(served.file.string() + ": the prompts name several variables (" + braced(fields) +
                   "), so the file must say which one the user's message fills: [input] ask = \"" + *fields.begin() +
                   "\"; the others come in avp.fields of a request");
}

bool is_same_model(const model_entry& a, const model_entry& b) {
  return a.device == b.device && a.draft == b.draft && a.same_weights(b);
}

void rename_model(pipeline& p, const std::string& from, const std::string& to) {
  for (auto& model : p.models)
    if (model.name == from)
      model.name = to;
  for (auto& agent : p.agents)
    if (agent.model == from)
      agent.model = to;
}

/// What one of two pipelines says of a device and the other does not, or both.
template <class Value>
void agree(std::optional<Value>& known, const std::optional<Value>& more, const std::string& device, const char* key,
           const served_pipeline& whose) {
  if (known && more && *known != *more)
    throw user_error(whose.file.string() + ": [device." + device + "] " + key + " is " + std::to_string(*more) +
                     ", and a pipeline before it says " + std::to_string(*known) +
                     "; they run on one device, so let them say the same or leave one out");
  if (more)
    known = more;
}

void add_device(std::map<std::string, device_config>& all, const device_config& more, const served_pipeline& whose) {
  const auto [found, is_new] = all.emplace(more.device, more);
  if (is_new)
    return;
  auto& known = found->second;
  agree(known.threads, more.threads, more.device, "threads", whose);
  agree(known.kv_memory, more.kv_memory, more.device, "kv_memory", whose);
  known.prefix_sharing = known.prefix_sharing && more.prefix_sharing;
  for (const auto& model : more.models)
    if (std::ranges::none_of(known.models, [&](const auto& one) { return one.name == model.name; }))
      known.models.push_back(model);
}

} // namespace

served_pipeline read_served_pipeline(const std::filesystem::path& file, const registry& kinds) {
  auto loaded = load(file, kinds, {});
  if (!loaded.pipeline)
    throw user_error(to_string(loaded.mistakes));
  for (const auto& warning : loaded.warnings)
    spdlog::warn("{}", to_string(warning));
  served_pipeline served;
  served.file = file;
  served.whole = std::make_shared<pipeline>(std::move(*loaded.pipeline));
  auto& whole = *served.whole;
  if (whole.sweep)
    throw user_error(file.string() + ": a pipeline with a [sweep] is for measuring and can't be served");
  served.id = whole.name;
  served.usual = whole.modes.front();
  for (const auto mode : all_values<avp::mode>) {
    const auto alone = contains(whole.modes, mode) ? load_result() : load(file, kinds, mode);
    if (!alone.mistakes.empty())
      served.lacking[mode] = to_string(alone.mistakes.front());
    else
      served.plans[mode] = make_plan(whole, mode, kinds.kinds());
  }
  served.ask = field_of_question(served);
  for (const auto& note : served.plans.at(served.usual).notes)
    spdlog::info("{}: {}", served.id, note);
  return served;
}

void share_models(std::vector<served_pipeline>& pipelines) {
  std::map<std::string, std::filesystem::path> ids;
  std::map<std::string, model_entry> known;
  for (auto& served : pipelines) {
    if (const auto [other, is_new] = ids.emplace(served.id, served.file); !is_new)
      throw user_error(served.file.string() + ": there is a model \"" + served.id + "\" already, of " +
                       other->second.string() + "; give one of them another name");
    const auto models = served.whole->models;
    for (auto model : models) {
      const auto name = model.name;
      const auto [first, is_new] = known.emplace(name, model);
      if (is_new || is_same_model(first->second, model))
        continue;
      model.name = served.id + "/" + name;
      rename_model(*served.whole, name, model.name);
      known.emplace(model.name, model);
    }
  }
}

std::vector<device_config> devices_of(const std::vector<served_pipeline>& pipelines) {
  std::map<std::string, device_config> all;
  for (const auto& served : pipelines) {
    std::vector<plan> plans;
    for (const auto& [mode, planned] : served.plans)
      plans.push_back(planned);
    for (const auto& config : device_configs(*served.whole, plans))
      add_device(all, config, served);
  }
  std::vector<device_config> configs;
  for (auto& [name, config] : all)
    configs.push_back(std::move(config));
  return configs;
}

} // namespace avp
