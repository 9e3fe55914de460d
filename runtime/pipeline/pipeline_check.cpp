// Whether models, agents and flow of a pipeline fit each other.
#include "runtime/pipeline/pipeline_check.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "gpu/model/open_model.hpp"
#include "gpu/text/chat_template.hpp"
#include "runtime/pipeline/node_tables.hpp"
#include "runtime/text/words.hpp"
#include "transport/nearest_name.hpp"

namespace avp {
namespace {

template <class Entries>
std::vector<std::string> names_of(const Entries& entries) {
  std::vector<std::string> names;
  for (const auto& entry : entries)
    names.push_back(entry.name);
  return names;
}

std::string joined(const std::vector<std::string>& names) {
  std::string result;
  for (const auto& name : names)
    result += (result.empty() ? "" : ", ") + name;
  return result;
}

void check_devices(const pipeline& p, pipeline_source& source) {
  std::vector<std::string> used;
  for (const auto& model : p.models) {
    if (!source.has({"model", model.name, "source"}))
      source.report("model." + model.name,
                    "[model." + model.name +
                        "] needs \"source\": a catalogue name, hf:OWNER/NAME of the hub, the path of "
                        "a .gguf file, or a Hugging Face folder");
    used.push_back(model.device);
  }
  for (const auto& device : p.devices)
    if (!contains(used, device.name))
      source.report("device." + device.name,
                    "no model runs on the device \"" + device.name + "\"" + name_hint(device.name, used));
}

/// A model that guesses for another one: in the file, on the same device, and another one.
void check_drafts(const pipeline& p, pipeline_source& source) {
  for (const auto& model : p.models) {
    if (!model.draft || model.draft->model.empty())
      continue;
    const auto say = [&](const std::string& message) {
      source.report(key_path("model." + model.name, "draft"), message);
    };
    const auto& name = model.draft->model;
    const auto* draft = p.model(name);
    if (draft == nullptr)
      say("there is no [model." + name + "] to guess for \"" + model.name + "\"" + name_hint(name, names_of(p.models)));
    else if (p.same_model(name, model.name))
      say("\"" + name + "\" is the same model as \"" + model.name +
          "\", and only a smaller one can guess for it in less time");
    else if (draft->device != model.device)
      say("\"" + name + "\" is on the device \"" + draft->device + "\", and to guess for \"" + model.name +
          "\" it must be on the same one, \"" + model.device + "\"");
  }
}

/// A source must be a name of the catalogue or of the hub, or be there. Whether a named model was fetched is another
/// question.
void check_sources(const pipeline& p, pipeline_source& source) {
  const auto here = models_here(p);
  for (const auto& model : p.models) {
    if (model.source.empty() || find_in_catalogue(model.source) != nullptr || !here.contains(model.name))
      continue;
    try {
      if (is_hub_name(model.source))
        (void)parse_hub_name(model.source);
      else
        (void)resolve_model(model.source);
    } catch (const model_error& error) {
      source.report(key_path("model." + model.name, "source"), error.what());
    }
  }
}

/// Where the model lies; nothing where it is not here, which is said elsewhere.
std::optional<std::filesystem::path> path_if_here(const std::string& model) {
  try {
    return resolve_model(model);
  } catch (const model_error&) {
    return std::nullopt;
  }
}

/// A chat template that is neither built-in nor a file must be one of the model's, where that is here.
void check_chat_templates(const pipeline& p, pipeline_source& source) {
  const auto here = models_here(p);
  for (const auto& model : p.models) {
    const auto& name = model.chat_template;
    if (name.empty() || is_built_in_template(name) || !template_path(name).empty() || !here.contains(model.name))
      continue;
    const auto path = path_if_here(model.source);
    if (!path)
      continue;
    try {
      [[maybe_unused]] const chat_template found(read_model(*path).vocabulary, model.template_variables, {name, ""});
    } catch (const model_error& error) {
      source.report(key_path("model." + model.name, "chat_template"), error.what());
    }
  }
}

void check_model(agent_spec& agent, const pipeline& p, pipeline_source& source) {
  const auto names = names_of(p.models);
  if (agent.model.empty() && p.models.size() == 1)
    agent.model = p.models.front().name;
  if (!agent.model.empty()) {
    if (!contains(names, agent.model))
      source.report(source.path_of(agent.name, "model"),
                    "there is no [model." + agent.model + "]" + name_hint(agent.model, names));
  } else if (!names.empty()) {
    source.report("agent." + agent.name, "the agent \"" + agent.name +
                                             "\" must say which model it runs on (model = …, " +
                                             "here or in [defaults]); known: " + joined(names));
  } else if (is_shipped(agent.kind)) {
    // Custom kinds may do without; reported once, whoever needs it.
    source.report("model", "the pipeline needs a [model.NAME] table, which says what its agents run on");
  }
}

/// A key that an agent's own table has without use is a slip; in [defaults] it is for others.
void check_contexts(const agent_spec& agent, const pipeline& p, pipeline_source& source) {
  const auto own = [&](const std::string& key) { return source.has({"agent", agent.name, key}); };
  const auto say = [&](const std::string& key, const std::string& message) {
    source.report(source.path_of(agent.name, key), message);
  };
  const auto before = p.flow.predecessors(agent.name);
  const bool hands_on = !p.flow.successors(agent.name).empty();
  const bool joins_copies = p.sweep && p.sweep->over == sweep_over::branches && contains(before, p.sweep->repeat);
  const bool joins = joins_copies || before.size() > 1;
  if (own("merge") && !joins)
    say("merge", "\"merge\" is for an agent that several others hand over to; \"" + agent.name + "\" has " +
                     (before.empty() ? "none" : "only " + before.front()));
  if (own("keep") && !hands_on)
    say("keep", "\"keep\" is for an agent that hands its context on; \"" + agent.name + "\" hands over to nobody");
  if (own("rotate_keys") && !joins && (agent.keep == keep::all || !hands_on))
    say("rotate_keys", "\"rotate_keys\" is for an agent that joins contexts or cuts its own (keep); \"" + agent.name +
                           "\" does neither");
  if (!is_shipped(agent.kind))
    return;
  if (own("note") && agent.note > 0 && agent.kind != "think")
    say("note", "\"note\" is what an agent of kind think writes behind its latent steps; what \"" + agent.name +
                    "\" (" + agent.kind + ") writes is limited by max_new_tokens");
  if (agent.keep == keep::note && hands_on && agent.kind == "think" && agent.note == 0)
    say("keep", "keep = \"note\" hands on nothing but what was written, and \"" + agent.name +
                    "\" writes nothing: give it a note = N, of N tokens at most");
  if (agent.keep != keep::latent_only || !hands_on)
    return;
  if (agent.kind != "think")
    say("keep", "\"latent_only\" hands on nothing but latent steps, and the kind " + agent.kind + " of \"" +
                    agent.name + "\" makes none");
  else if (agent.steps == 0)
    say("keep", "\"latent_only\" hands on nothing but latent steps, and \"" + agent.name + "\" makes none (steps = 0)");
}

bool check_agents(pipeline& p, pipeline_source& source) {
  if (p.agents.empty())
    source.report("agent", "a pipeline needs at least one agent: a table [agent.NAME] with kind and prompt");
  for (auto& agent : p.agents) {
    if (agent.kind.empty() && !source.has({"agent", agent.name, "kind"}) && !source.has({"defaults", "kind"}))
      source.report("agent." + agent.name,
                    "the agent \"" + agent.name + "\" needs a kind: think, generate, or a registered one of your own");
    check_model(agent, p, source);
    check_contexts(agent, p, source);
  }
  return !p.agents.empty();
}

/// The tables that a name of the flow without a table was probably meant to be: each belongs to one name, and not to
/// one that the flow has.
std::map<std::string, std::string> mistyped_in_flow(const pipeline& p) {
  const auto names = names_of(p.agents);
  const auto& in_flow = p.flow.agents();
  auto unused = names;
  std::erase_if(unused, [&](const auto& name) { return contains(in_flow, name); });
  std::map<std::string, std::string> meant;
  for (const auto& name : in_flow) {
    const auto nearest = contains(names, name) ? std::nullopt : nearest_name(name, unused);
    if (!nearest)
      continue;
    meant.emplace(name, *nearest);
    std::erase(unused, *nearest);
  }
  return meant;
}

bool check_flow(const pipeline& p, pipeline_source& source, const std::map<std::string, std::string>& meant) {
  const auto names = names_of(p.agents);
  const auto& in_flow = p.flow.agents();
  auto expected = in_flow;
  bool good = !in_flow.empty();
  for (std::size_t i = 0; i < in_flow.size(); ++i)
    if (!contains(names, in_flow[i])) {
      const auto& place = p.flow.places()[i];
      const auto table = meant.find(in_flow[i]);
      source.report_in("flow[" + std::to_string(place.chain) + "]", place.offset,
                       "the flow names \"" + in_flow[i] + "\", but there is no [agent." + in_flow[i] + "]" +
                           (table == meant.end() ? name_hint(in_flow[i], names) : did_you_mean(table->second)));
      if (table != meant.end())
        expected.push_back(table->second);
      good = false;
    }
  for (const auto& name : names)
    if (!in_flow.empty() && !contains(expected, name))
      source.report("agent." + name, "the agent \"" + name + "\" is not in the flow, so it would never run");
  return good && p.flow.topological_order().size() == in_flow.size();
}

bool find_output(pipeline& p, pipeline_source& source, bool good_flow,
                 const std::map<std::string, std::string>& meant) {
  const auto& in_flow = p.flow.agents();
  const auto sinks = p.flow.sinks();
  if (!p.output.empty()) {
    if (in_flow.empty() || contains(in_flow, p.output))
      return true;
    if (std::any_of(meant.begin(), meant.end(), [&](const auto& pair) { return pair.second == p.output; }))
      return false; // the flow has the mistake
    source.report("output.agent",
                  "the answering agent \"" + p.output + "\" is not in the flow" + name_hint(p.output, in_flow));
    return false;
  }
  if (sinks.size() > 1 && good_flow)
    source.report("flow", "several agents hand over to nobody (" + joined(sinks) +
                              "), so the file must say which one answers: [output] agent = \"…\"");
  if (sinks.size() == 1)
    p.output = sinks.front();
  return sinks.size() == 1;
}

} // namespace

bool is_shipped(const std::string& kind) {
  static const auto shipped = registry().kinds();
  return std::any_of(shipped.begin(), shipped.end(), [&](const kind_info& known) { return known.name == kind; });
}

bool check_structure(pipeline& p, pipeline_source& source) {
  check_devices(p, source);
  check_drafts(p, source);
  const bool good_agents = check_agents(p, source);
  check_nodes(p, source);
  const auto meant = mistyped_in_flow(p);
  const bool good_flow = check_flow(p, source, meant);
  const bool good_output = find_output(p, source, good_flow, meant);
  if (good_agents && good_output && source.has({"agent", p.output, "on_failure"}) &&
      p.agent(p.output).on_failure == on_failure::skip)
    source.report("agent." + p.output + ".on_failure",
                  "\"" + p.output +
                      "\" answers the task, so it can't be left out; on_failure = \"skip\" is for the others");
  check_sources(p, source);
  check_chat_templates(p, source);
  const auto& order = p.flow.agents();
  const auto place = [&](const agent_spec& agent) { return std::find(order.begin(), order.end(), agent.name); };
  std::stable_sort(p.agents.begin(), p.agents.end(),
                   [&](const agent_spec& a, const agent_spec& b) { return place(a) < place(b); });
  return good_agents && good_flow && good_output;
}

} // namespace avp
