// From the tables of a pipeline file to a pipeline whose parts do not know each other yet: internal to the loader.
#include "runtime/pipeline/pipeline_tables.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

#include "agents/prompt_template.hpp"
#include "gpu/text/chat_template.hpp"
#include "runtime/pipeline/earlier_texts.hpp"
#include "runtime/pipeline/node_tables.hpp"
#include "runtime/pipeline/sweep_check.hpp"
#include "runtime/pipeline/table_reader.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

constexpr auto most_int = std::numeric_limits<int>::max();
constexpr auto most_int64 = std::numeric_limits<std::int64_t>::max();

/// Puts what was read where it belongs; what is not there leaves the default.
template <class Value, class Target>
void put(const std::optional<Value>& value, Target& target) {
  if (value)
    target = static_cast<Target>(*value);
}

template <class Value, class Target>
void put(const std::optional<Value>& value, std::optional<Target>& target) {
  if (value)
    target = static_cast<Target>(*value);
}

bool is_device(const std::string& name) {
  if (name == "cpu")
    return true;
  const auto number = name.starts_with("cuda:") ? name.substr(5) : "";
  return !number.empty() && number.size() <= 3 && number.find_first_not_of("0123456789") == std::string::npos;
}

constexpr auto device_form = "\"cpu\" or \"cuda:N\", such as \"cuda:0\"";

/// Element types that a KV-cache can have.
std::vector<std::string> names_of_cache_types() {
  return {std::string(name_of(data_type::float32)), std::string(name_of(data_type::bfloat16))};
}

/// TOML as JSON; dates and times, which JSON does not have, as strings.
nlohmann::json to_json(const toml::node& node) {
  if (const auto* table = node.as_table()) {
    auto result = nlohmann::json::object();
    for (const auto& [key, value] : *table)
      result[std::string(key.str())] = to_json(value);
    return result;
  }
  if (const auto* array = node.as_array()) {
    auto result = nlohmann::json::array();
    for (const auto& value : *array)
      result.push_back(to_json(value));
    return result;
  }
  if (node.is_string())
    return *node.value<std::string>();
  if (node.is_boolean())
    return *node.value<bool>();
  if (node.is_integer())
    return *node.value<std::int64_t>();
  if (node.is_floating_point())
    return *node.value<double>();
  return described(node);
}

/// Who guesses tokens. Whether there is such a model is another question.
std::optional<draft_source> read_draft(table_reader& table) {
  const auto found = table.text("draft");
  const auto known = found ? draft_source::read(*found) : std::nullopt;
  if (found && !known)
    table.source().report(key_path(table.path(), "draft"),
                          "\"draft\" must be \"prompt\" or \"model:NAME\", found the string \"" + *found + "\"");
  return known;
}

model_entry read_model(const std::string& name, table_reader& table) {
  model_entry model;
  model.name = name;
  const auto mistakes = [&](const std::string& key, const std::string& message) {
    table.source().report(key_path(table.path(), key), message);
  };
  put(table.text("source"), model.source);
  put(table.one_of<weight_format>("dtype"), model.format);
  if (const auto word = table.word("kv_dtype", names_of_cache_types()))
    model.kv_dtype = value_named<data_type>(*word);
  model.draft = read_draft(table);
  model.layercast = table.word("numerics", {"layercast"}).has_value();
  put(table.text("device"), model.device);
  put(table.text("chat_template"), model.chat_template);
  if (const auto* variables = table.table("template")) {
    model.template_variables = to_json(*variables).dump();
    if (is_built_in_template(model.chat_template))
      mistakes("template", "these are variables of the model's own chat template, which chat_template = \"" +
                               model.chat_template + "\" puts aside; leave one of them out");
  }
  put(table.text("model_hash"), model.model_hash);
  put(table.boolean("special_tokens_in_text"), model.special_tokens_in_text);
  if (model.layercast && model.format && model.format != weight_format::bfloat16)
    mistakes("numerics", "\"layercast\" is float32 arithmetic on weights kept in bfloat16, so it needs dtype = "
                         "\"bfloat16\", not \"" +
                             std::string(name_of(*model.format)) + "\"");
  check_device(model.device, table);
  return model;
}

/// The keys that [defaults] and [agent.X] share, read over what `spec` has.
void read_agent_keys(table_reader& table, const std::vector<kind_info>& kinds, agent_spec& spec) {
  std::vector<std::string> names;
  for (const auto& kind : kinds)
    names.push_back(kind.name);
  if (const auto kind = table.text("kind")) {
    spec.kind = *kind;
    if (std::find(names.begin(), names.end(), *kind) == names.end())
      table.source().report(key_path(table.path(), "kind"),
                            "no agent kind is registered as \"" + *kind + "\"" + name_hint(*kind, names));
  }
  const auto at_least_0 = [](double value) { return value >= 0; };
  const auto above_0 = [](double value) { return value > 0; };
  put(table.text("model"), spec.model);
  read_placement(table, spec);
  put(table.any_text("system"), spec.system);
  put(table.text("prompt"), spec.prompt);
  put(table.text("text_prompt"), spec.text_prompt);
  put(table.text("direct_prompt"), spec.direct_prompt);
  put(table.whole("steps", 0, most_int), spec.steps);
  put(table.whole("note", 0, most_int), spec.note);
  put(table.whole("max_new_tokens", 1, most_int), spec.max_new_tokens);
  put(table.number("temperature", "a number, 0 or more", at_least_0), spec.sampling.temperature);
  put(table.number("top_p", "a number above 0, at most 1", [](double v) { return v > 0 && v <= 1; }),
      spec.sampling.top_p);
  put(table.whole("top_k", 0, most_int), spec.sampling.top_k);
  put(table.number("min_p", "a number from 0 to 1", [](double v) { return v >= 0 && v <= 1; }), spec.sampling.min_p);
  put(table.number("repetition_penalty", "a number above 0", above_0), spec.sampling.repetition_penalty);
  put(table.texts("stop"), spec.stop);
  put(table.whole("seed", 0, most_int64), spec.seed);
  put(table.number("time_limit", "a number of seconds above 0", above_0), spec.time_limit);
  put(table.one_of<join_way>("merge"), spec.merge);
  put(table.one_of<keep>("keep"), spec.keep);
  put(table.boolean("rotate_keys"), spec.rotate_keys);
  put(table.one_of<cross_model>("cross_model"), spec.cross_model);
  put(table.one_of<on_failure>("on_failure"), spec.on_failure);
}

agent_spec read_agent(const std::string& name, table_reader& table, const std::vector<kind_info>& kinds,
                      agent_spec spec) {
  spec.name = name;
  if (!is_template_name(name))
    table.source().report(table.path(), "\"" + name +
                                            "\" cannot be an agent's name: expected a letter or _, then letters, "
                                            "digits, _ and -");
  if (name == earlier_variable)
    table.source().report(table.path(), "no agent can be called \"earlier\": {{earlier}} stands for the texts of all "
                                        "agents that come before");
  read_agent_keys(table, kinds, spec);
  if (const auto* options = table.table("options"))
    spec.options = to_json(*options);
  return spec;
}

void read_flow(table_reader& top, pipeline& p) {
  const auto chains = top.texts("flow");
  if (!chains || chains->empty()) {
    if (!top.source().root().contains("flow") || chains)
      top.source().report("flow", "the pipeline needs a flow, such as flow = [\"planner -> judge\"], or flow = "
                                  "[\"judge\"] for one agent alone");
    return;
  }
  std::vector<flow_mistake> mistakes;
  p.flow = flow::parse(*chains, mistakes);
  for (auto& m : mistakes)
    top.source().report_in("flow[" + std::to_string(m.place.chain) + "]", m.place.offset, std::move(m.message));
}

void read_input(table_reader& top, pipeline& p) {
  table_reader table(top.source(), top.table("input"), "input");
  put(table.text("file"), p.input.file);
  put(table.whole("limit", 1, most_int64), p.input.limit);
  put(table.text("id"), p.input.id);
  put(table.text("ask"), p.input.ask);
  table.finish();
}

/// What only programs have.
void read_program_keys(table_reader& table, std::optional<score_kind> kind, score_spec& spec) {
  constexpr std::int64_t least_memory = std::int64_t{64} << 20; // less is not enough for Python alone
  put(kind, spec.kind);
  put(table.text("setup"), spec.setup);
  put(table.whole("time_limit", 1, 3600), spec.time_limit);
  if (const auto memory = table.bytes("memory")) {
    spec.memory = *memory;
    if (*memory < least_memory)
      table.source().report("score.memory", "\"memory\" must be 64 MiB or more: Python itself needs most of that");
  }
  for (const std::string key : {"setup", "time_limit", "memory"})
    if (kind && spec.kind != score_kind::python && table.source().has({"score", key}))
      table.source().report("score." + key, "\"" + key +
                                                "\" is for answers that are programs, with kind = \"python\"; \"" +
                                                std::string(name_of(*kind)) + "\" has no use for it");
}

void read_score(table_reader& top, pipeline& p) {
  const auto* node = top.table("score");
  table_reader table(top.source(), node, "score");
  const auto kind = table.one_of<score_kind>("kind");
  const auto expected = table.text("expected");
  score_spec spec;
  read_program_keys(table, kind, spec);
  table.finish();
  if (node == nullptr)
    return;
  for (const auto* key : {"kind", "expected"})
    if (!node->contains(key))
      top.source().report("score", std::string("[score] needs \"") + key + "\": " +
                                       (key == std::string("kind")
                                            ? listed(all_names<score_kind>(), " or ")
                                            : "a template over the record's fields, such as \"{{answer}}\""));
  put(expected, spec.expected);
  if (kind && expected)
    p.score = std::move(spec);
}

} // namespace

void check_device(const std::string& device, table_reader& table) {
  if (!is_device(device))
    table.source().report(key_path(table.path(), "device"),
                          std::string("\"device\" must be ") + device_form + ", found \"" + device + "\"");
}

std::vector<device_entry> read_devices(table_reader& top) {
  std::vector<device_entry> devices;
  for_each_table(top, "device", [&](const auto& name, auto& table) {
    if (!is_device(name))
      table.source().report(table.path(), std::string("a device is called ") + device_form + ", not \"" + name + "\"");
    device_entry device{.name = name};
    put(table.whole("threads", 1, 1024), device.threads);
    put(table.bytes("kv_memory"), device.kv_memory);
    put(table.boolean("prefix_sharing"), device.prefix_sharing);
    if (is_device(name))
      devices.push_back(device);
  });
  return devices;
}

pipeline read_tables(pipeline_source& source, const std::vector<kind_info>& kinds) {
  pipeline p;
  table_reader top(source, &source.root(), "");
  put(top.text("name"), p.name);
  put(top.whole("seed", 0, most_int64), p.seed);
  auto mode_words = all_names<mode>();
  mode_words.emplace_back(all_modes);
  if (const auto modes = top.word("mode", mode_words))
    p.modes = *modes_named(*modes);
  read_flow(top, p);
  for_each_table(top, "model", [&](const auto& name, auto& table) { p.models.push_back(read_model(name, table)); });
  p.devices = read_devices(top);
  read_nodes(top, p);
  agent_spec defaults;
  table_reader default_table(source, top.table("defaults"), "defaults");
  read_agent_keys(default_table, kinds, defaults);
  default_table.finish();
  for_each_table(top, "agent",
                 [&](const auto& name, auto& table) { p.agents.push_back(read_agent(name, table, kinds, defaults)); });
  read_input(top, p);
  read_score(top, p);
  read_sweep(top, p);
  table_reader output(source, top.table("output"), "output");
  put(output.text("agent"), p.output);
  put(output.boolean("explain"), p.explains);
  output.finish();
  top.finish();
  return p;
}

} // namespace avp
