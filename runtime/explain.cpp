// Plans in words.
#include "runtime/explain.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include <spdlog/spdlog.h>

#include "gpu/model/catalogue.hpp"
#include "gpu/model/generation_config.hpp"
#include "gpu/model/hub_name.hpp"
#include "gpu/model/model_error.hpp"
#include "runtime/score/program_scorer.hpp"
#include "runtime/text/sampling_text.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

// What an agent does with contexts, and with failing.
std::string words_for(const agent_spec& spec, const planned_agent& agent, const plan& plan) {
  std::string text;
  const auto is_projected = [&](const std::string& from) {
    return std::ranges::any_of(plan.edges, [&](const planned_edge& edge) {
      return edge.from == from && edge.to == agent.name && edge.how == hand_over::projection;
    });
  };
  if (agent.contexts_from.size() == 1 && is_projected(agent.contexts_from.front()))
    text += ", reads what " + agent.contexts_from.front() + " thinks, projected";
  else if (agent.contexts_from.size() == 1)
    text += ", continues the context of " + agent.contexts_from.front();
  for (std::size_t i = 0; i < agent.contexts_from.size() && agent.contexts_from.size() > 1; ++i)
    text += (i == 0 ? ", joins the contexts of " : ", ") + agent.contexts_from[i] +
            (is_projected(agent.contexts_from[i]) ? " (projected)" : "");
  if (agent.contexts_from.size() > 1)
    text += " (" + std::string(name_of(spec.merge)) + ")";
  if (agent.kind == "think" && spec.note > 0)
    text += ", writes a note of " + counted(static_cast<std::size_t>(spec.note), "token") + " at most";
  if (plan.mode == mode::latent && spec.keep != keep::all)
    text += ", hands on " + std::string(name_of(spec.keep));
  for (std::size_t i = 0; i < spec.nodes.size(); ++i)
    text += (i == 0 ? ", on " : " or ") + spec.nodes[i];
  if (agent.may_fail)
    text += ", is left out when it fails";
  return text;
}

void explain_sweep(const sweep_spec& sweep) {
  std::string values;
  for (const auto n : sweep.values)
    values += (values.empty() ? "" : ", ") + std::to_string(n);
  std::string series;
  for (const auto one : sweep.series)
    series += (series.empty() ? "" : ", ") + series_text(one);
  std::printf("sweep over %s: %s; series: %s; the largest:\n", std::string(name_of(sweep.over)).c_str(), values.c_str(),
              series.c_str());
}

void explain_stage(const run_stage& stage) {
  const auto& plan = stage.plan;
  std::printf("%s, mode %s: %s, answer from '%s'\n", stage.pipeline->name.c_str(),
              std::string(name_of(plan.mode)).c_str(), counted(plan.agents.size(), "agent").c_str(),
              plan.output.c_str());
  for (const auto& agent : plan.agents)
    std::printf("  %s (%s)%s\n", agent.name.c_str(), agent.kind.c_str(),
                words_for(stage.pipeline->agent(agent.name), agent, plan).c_str());
  for (const auto& note : plan.notes)
    std::printf("  note: %s\n", note.c_str());
}

std::set<std::string> used_models(const pipeline& pipeline) {
  std::set<std::string> used;
  for (const auto& agent : pipeline.agents)
    used.insert(agent.model);
  add_drafts(pipeline, used);
  return used;
}

// Where no input was looked through.
void explain_fields(const std::vector<run_stage>& stages) {
  std::set<std::string> fields;
  for (const auto& stage : stages)
    fields.insert(stage.plan.fields.begin(), stage.plan.fields.end());
  if (!fields.empty())
    std::printf("each record needs: %s\n", listed({fields.begin(), fields.end()}).c_str());
}

} // namespace

bool explain(const pipeline& pipeline, const std::vector<run_stage>& stages) {
  const auto& sweep = pipeline.sweep;
  if (sweep)
    explain_sweep(*sweep);
  for (const auto& stage : stages)
    if (!stage.point || (stage.point->n == sweep->values.back() && stage.point->series != sweep_series::text_unshared))
      explain_stage(stage);
  if (pipeline.input.records)
    std::printf("input: %s\n", counted(*pipeline.input.records, "record").c_str());
  else
    explain_fields(stages);
  if (pipeline.scores_programs()) {
    [[maybe_unused]] const program_scorer works;
    std::printf("score: programs run in a sandbox, which works here: %s\n", sandbox().description().c_str());
  }
  bool all_there = true;
  for (const auto& node : pipeline.nodes)
    std::printf("node %s: control %s, data %s%s\n", node.name.c_str(), node.control.c_str(), node.data.c_str(),
                pipeline.node_rules.keys ? "" : ", without keys");
  const auto here = models_here(pipeline), used = used_models(pipeline);
  for (const auto& model : pipeline.models) {
    if (!here.contains(model.name)) {
      std::printf("model %s: %s, %s\n", model.name.c_str(), model.source.c_str(),
                  used.contains(model.name) ? "on its nodes" : "which no agent runs on");
      continue;
    }
    if (is_hub_name(model.source) && !hub_model_is_here(model_folder(), model.source)) {
      std::printf("model %s: %s, not here yet: a run fetches it\n", model.name.c_str(), model.source.c_str());
      continue;
    }
    try {
      const auto path = resolve_model(model.source);
      std::printf("model %s: %s\n", model.name.c_str(), path.c_str());
      if (const auto defaults = sampling_text(sampling_json(read_generation_config(path))); !defaults.empty())
        std::printf("  samples unless said otherwise with %s (generation_config.json)\n", defaults.c_str());
    } catch (const model_error& error) {
      std::fflush(stdout);
      spdlog::error("model {}: {}", model.name, error.what());
      all_there = false;
    }
  }
  return all_there;
}

} // namespace avp
