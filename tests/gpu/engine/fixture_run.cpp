// The order of the readings is that of the fixture: agent by agent, and the first logits at last.
#include "tests/gpu/engine/fixture_run.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <ATen/ATen.h>

namespace avp::test {

using nlohmann::json;

namespace {

using kind = reading::distance;

std::vector<double> values_of(const at::Tensor& tensor) {
  const auto flat = tensor.to(at::kDouble).contiguous();
  return {flat.const_data_ptr<double>(), flat.const_data_ptr<double>() + flat.numel()};
}

std::vector<double> decode_base64_floats(const std::string& text) {
  const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned held = 0;
  int bits = 0;
  for (char c : text.substr(0, text.find('='))) {
    held = held << 6U | static_cast<unsigned>(digits.find(c));
    if ((bits += 6) >= 8)
      bytes += static_cast<char>(held >> (bits -= 8) & 255U);
  }
  std::vector<float> values(bytes.size() / sizeof(float));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(float));
  return {values.begin(), values.end()};
}

std::string of_agent(std::size_t agent) { return "agent " + std::to_string(agent + 1) + ": "; }

std::string of_sample(const json& sample) {
  return " of layer " + sample["layer"].dump() + ", head " + sample["head"].dump() + ", position " +
         sample["position"].dump();
}

void read_thought(const kv_context& context, const json& theirs, std::size_t agent, std::vector<reading>& into) {
  const auto& hidden = context.last_hidden_state();
  into.push_back({of_agent(agent) + "hidden state", {hidden.begin(), hidden.end()}});
  for (std::int64_t layer = 0; layer < context.model().config.num_layers; ++layer)
    for (const auto& [what, tensor] : {std::pair{"keys", context.keys(layer)}, {"values", context.values(layer)}})
      into.push_back({of_agent(agent) + "norm of the " + what + " of layer " + std::to_string(layer),
                      {tensor.norm().item<double>()}});
  for (const auto& sample : theirs["samples"]) {
    const std::int64_t layer = sample["layer"], head = sample["head"], position = sample["position"];
    const bool there = position < context.tokens();
    const auto read = [&](const at::Tensor& all) {
      return there ? values_of(all[head][position]) : std::vector<double>{};
    };
    into.push_back({of_agent(agent) + "key" + of_sample(sample), read(context.keys(layer))});
    into.push_back({of_agent(agent) + "value" + of_sample(sample), read(context.values(layer))});
  }
}

void read_logits(const loaded_model& model, const result& read, const json& theirs, std::vector<reading>& into) {
  const c10::InferenceMode no_gradients;
  auto hidden = at::tensor(dynamic_cast<const context&>(*read.context.body).last_hidden_state(), at::kFloat);
  const auto logits = model.network.logits(hidden.unsqueeze(0))[0];
  auto chosen = values_of(logits.index_select(0, at::tensor(theirs["ids"].get<std::vector<std::int64_t>>())));
  chosen.push_back(logits.logsumexp(0).item<double>());
  into.push_back({"first logits", std::move(chosen), 0, kind::greatest});
}

result run_think(fixture_engine& on, const json& agent, const payload& context, int steps, int strangers) {
  think work;
  work.model = "main";
  work.messages = messages_of(agent);
  work.context = context;
  work.steps = steps;
  return on.run(work, strangers);
}

payload without_first_position(fixture_engine& on, const payload& context) {
  join work;
  work.model = "main";
  work.contexts = {context};
  work.keep = keep::last_agent;
  work.hop_begins = 1;
  return on.run(work, 0).context;
}

} // namespace

double distance(const reading& ours, const reading& theirs) {
  if (ours.values.size() != theirs.values.size() || ours.values.empty())
    return std::numeric_limits<double>::infinity();
  double greatest = 0, apart = 0, norm = 0;
  for (std::size_t i = 0; i < ours.values.size(); ++i) {
    const double difference = ours.values[i] - theirs.values[i];
    greatest = std::max(greatest, std::abs(difference));
    apart += difference * difference;
    norm += theirs.values[i] * theirs.values[i];
  }
  return theirs.by == kind::greatest ? greatest : std::sqrt(apart / norm);
}

fixture_engine::fixture_engine(const std::filesystem::path& model)
    : engine_([&] {
        device_config config;
        config.models.resize(1);
        config.models[0].name = "main";
        config.models[0].source = model.string();
        config.models[0].format = weight_format::float32;
        return config;
      }()) {}

void fixture_engine::send_stranger(int number) {
  generate work;
  work.id = next_request_id();
  work.model = "main";
  work.messages = {{"user", "Tell me " + std::to_string(number) + " stories."}};
  work.seed = static_cast<std::uint64_t>(number);
  work.max_new_tokens = 60;
  strangers_.push_back(work.id);
  engine_.submit(work, [](const engine::outcome&) {});
}

std::vector<chat_message> messages_of(const json& agent) {
  std::vector<chat_message> list;
  for (const auto& message : agent)
    list.push_back({message["role"], message["content"].get<std::string>()});
  return list;
}

case_run run_case(fixture_engine& engine, const json& fixture, int strangers, const planted_fault& fault) {
  case_run run;
  payload context;
  const int steps = fixture["steps"].get<int>() - (fault.one_step_too_few ? 1 : 0);
  for (std::size_t agent = 0; agent < fixture["think"].size(); ++agent) {
    run.thoughts.push_back(run_think(engine, fixture["agents"][agent], context, steps, strangers));
    context = run.thoughts.back().context;
    read_thought(dynamic_cast<const kv_context&>(*context.body), fixture["think"][agent], agent, run.readings);
    if (fault.drop_position && agent == 0)
      context = without_first_position(engine, context);
  }
  const auto read = run_think(engine, fixture["agents"].back(), context, 0, strangers);
  read_logits(engine.model(), read, fixture["first_logits"], run.readings);
  return run;
}

std::vector<reading> expected_readings(const json& fixture) {
  std::vector<reading> all;
  for (std::size_t agent = 0; agent < fixture["think"].size(); ++agent) {
    const auto& theirs = fixture["think"][agent];
    all.push_back({"", decode_base64_floats(theirs["hidden_b64"]), agent < 2 ? 1.4e-2 : 4.5e-2});
    for (std::size_t layer = 0; layer < theirs["key_norm"].size(); ++layer)
      for (const auto* norm : {"key_norm", "value_norm"})
        all.push_back({"", {theirs[norm][layer].get<double>()}, 0.01});
    for (const auto& sample : theirs["samples"]) {
      // Latent positions feed rounding back: transformers' own two attentions (sdpa, eager) differ by 1.5e-3 there.
      const bool latent = sample["position"] >= theirs["prompt_ids"].size();
      for (const auto* vector : {"key", "value"})
        all.push_back({"", sample[vector].get<std::vector<double>>(), agent > 0 ? 2e-2 : latent ? 5e-3 : 1e-3});
    }
  }
  auto logits = fixture["first_logits"]["logits"].get<std::vector<double>>();
  logits.push_back(fixture["first_logits"]["logsumexp"].get<double>());
  all.push_back({"", std::move(logits), fixture["think"].size() > 1 ? 0.1 : 0.02, kind::greatest});
  return all;
}

} // namespace avp::test
