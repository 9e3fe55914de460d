// Requests of a hop and what they need.
#include <avp/agents/hop.hpp>
#include <avp/transport/handshake/hash.hpp>

namespace avp {

namespace {

// One random generator per request: run seed, record, agent and the request's place within the hop.
std::uint64_t seed_of(const agent_spec& spec, const task& task, int place) {
  const auto run_seed = spec.seed.value_or(task.run_seed);
  std::string key = std::to_string(run_seed);
  for (const auto& part : {task.id, spec.name, std::to_string(place)})
    key += '\0' + part;
  return std::stoull(sha256_hex(key).substr(0, 16), nullptr, 16);
}

std::string names_of(const std::map<std::string, std::string>& texts) {
  std::string names;
  for (const auto& [name, text] : texts)
    names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

} // namespace

hop::hop(const agent_spec& spec, const prompt_template& system, hop_input input, device_port& device)
    : spec_(spec),
      system_(system),
      input_(std::move(input)),
      device_(device) {}

const std::string& hop::text_of(const std::string& agent) const {
  auto text = input_.texts.find(agent);
  if (text == input_.texts.end())
    throw std::out_of_range("agent '" + agent + "' has no text here; agents that have one: " + names_of(input_.texts));
  return text->second;
}

std::string hop::incoming_text() const {
  std::string all;
  for (const auto& name : input_.from)
    if (auto text = input_.texts.find(name); text != input_.texts.end())
      all += (all.empty() ? "" : "\n\n") + text->second;
  return all;
}

std::map<std::string, std::string> hop::variables() const {
  auto values = input_.task->fields;
  for (const auto& [name, text] : input_.texts)
    values.insert_or_assign(name, text);
  return values;
}

std::vector<chat_message> hop::messages_with(std::string prompt) const {
  std::vector<chat_message> messages;
  if (auto system = system_.render(variables()); !system.empty())
    messages.push_back({"system", std::move(system)});
  messages.push_back({"user", std::move(prompt)});
  return messages;
}

std::vector<chat_message> hop::messages() const { return messages_with(input_.prompt->render(variables())); }

template <class Request>
Request hop::prepare(std::vector<chat_message> messages) {
  Request request;
  request.id = next_request_id();
  request.task = input_.task->place;
  request.label = spec_.name;
  request.model = spec_.model;
  request.context = input_.context;
  request.messages = std::move(messages);
  request.time_limit = spec_.time_limit.value_or(0);
  request.prefix_scope = input_.task->prefix_scope;
  if constexpr (std::is_same_v<Request, avp::generate>) {
    request.max_new_tokens = spec_.max_new_tokens;
    request.sampling = spec_.sampling;
    request.stop = spec_.stop;
    request.seed = seed_of(spec_, *input_.task, requests_);
  }
  ++requests_;
  return request;
}

hop::pending<think> hop::think() { return think(messages(), spec_.steps); }

hop::pending<think> hop::think(std::string prompt, int steps) { return think(messages_with(std::move(prompt)), steps); }

hop::pending<think> hop::think(std::vector<chat_message> messages, int steps) {
  auto request = prepare<avp::think>(std::move(messages));
  request.steps = steps;
  return {*this, std::move(request)};
}

hop::pending<generate> hop::generate() {
  auto request = prepare<avp::generate>(messages());
  request.on_text = input_.on_text;
  return {*this, std::move(request)};
}

hop::pending<generate> hop::generate(std::string prompt) { return generate(messages_with(std::move(prompt))); }

hop::pending<generate> hop::generate(std::vector<chat_message> messages) {
  return {*this, prepare<avp::generate>(std::move(messages))};
}

void hop::account(const result& answer) {
  counts_ += answer.counts;
  input_.context = answer.context;
}

} // namespace avp
