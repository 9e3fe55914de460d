// A file of models as pipelines, each of which is that file and an agent.
#include "runtime/serve/bare_models.hpp"

#include <fstream>
#include <sstream>
#include <string>

#include "gpu/user_error.hpp"
#include "runtime/pipeline/pipeline_file.hpp"
#include "runtime/pipeline/pipeline_source.hpp"
#include "runtime/serve/conversation_agent.hpp"
#include "runtime/text/in_quotes.hpp"

namespace avp {

namespace {

std::vector<std::string> names_in(const std::filesystem::path& file) {
  std::error_code error;
  std::ifstream in(file, std::ios::binary);
  if (!in || std::filesystem::is_directory(file, error))
    throw user_error(file.string() + ": cannot read the file of models; is the path right?");
  std::ostringstream text;
  text << in.rdbuf();
  const pipeline_source source(text.str(), file.string(), {});
  if (!source.parsed())
    throw user_error(to_string(source.sorted_mistakes()));
  for (const auto& [key, value] : source.root())
    if (key != "model" && key != "device" && key != "defaults")
      throw user_error(file.string() + ":" + std::to_string(key.source().begin.line) +
                       ": a file of models has the tables [model.X], "
                       "[device.X] and [defaults], and no \"" +
                       std::string(key.str()) + "\"; pipelines are given without --models");
  std::vector<std::string> names;
  if (const auto* models = source.root()["model"].as_table())
    for (const auto& [name, model] : *models)
      names.emplace_back(name.str());
  if (names.empty())
    throw user_error(file.string() + ": there is no [model.X] table in it");
  return names;
}

// What is in quotes is a string of TOML, too.
served_pipeline read_bare_model(const std::filesystem::path& file, const std::string& name, const registry& kinds) {
  load_options options;
  options.kinds = kinds.kinds();
  options.input = "-";
  options.overrides = {"name=" + in_quotes(name),
                       "mode=\"direct\"",
                       "flow=[\"model\"]",
                       "agent.model.kind=" + in_quotes(conversation_kind),
                       "agent.model.model=" + in_quotes(name),
                       "agent.model.prompt=\"-\""};
  auto loaded = load_pipeline_file(file, options);
  if (!loaded.pipeline)
    throw user_error(to_string(loaded.mistakes));
  served_pipeline served;
  served.id = name;
  served.file = file;
  served.whole = std::make_shared<pipeline>(std::move(*loaded.pipeline));
  served.is_bare = true;
  served.usual = mode::direct;
  served.plans[mode::direct] = make_plan(*served.whole, mode::direct, kinds.kinds());
  for (const auto other : {mode::latent, mode::text})
    served.lacking[other] = "it is a model without agents";
  return served;
}

} // namespace

std::vector<served_pipeline> read_bare_models(const std::filesystem::path& file, const registry& kinds) {
  std::vector<served_pipeline> models;
  for (const auto& name : names_in(file))
    models.push_back(read_bare_model(file, name, kinds));
  return models;
}

} // namespace avp
