// Requests of a hop and what they need.
#include "agents/hop.hpp"

#include <algorithm>

#include "transport/sha256.hpp"

namespace avp {

namespace {

// One random generator per request: run seed, record, agent, sample, and the round within the hop.
std::uint64_t seed_of(const agent_spec& spec, const task& task, int sample, int round) {
  const auto run_seed = spec.seed.value_or(task.run_seed);
  std::string key = std::to_string(run_seed);
  for (const auto& part : {task.id, spec.name, std::to_string(sample), std::to_string(round)})
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
      device_(device) {
  if (input_.contexts.size() == 1)
    context_ = std::move(input_.contexts.front());
}

const std::string& hop::text_of(const std::string& agent) const {
  auto text = input_.texts.find(agent);
  if (text == input_.texts.end())
    throw std::out_of_range("agent '" + agent + "' has no text here; agents that have one: " + names_of(input_.texts));
  return text->second;
}

std::string hop::incoming_text() const {
  std::string all;
  for (const auto& name : input_.from)
    if (auto text = input_.texts.find(name); text != input_.texts.end() && !text->second.empty())
      all += (all.empty() ? "" : "\n\n") + text->second;
  return all;
}

std::map<std::string, std::string> hop::variables() const {
  auto values = input_.task->fields;
  for (const auto& [name, text] : input_.texts)
    values.insert_or_assign(name, text);
  return values;
}

marked_text hop::render(const prompt_template& text, const std::map<std::string, std::string>& more) const {
  auto values = variables();
  for (const auto& [name, value] : more)
    values.insert_or_assign(name, value);
  return text.render(values);
}

std::vector<chat_message> hop::messages(marked_text prompt) const {
  std::vector<chat_message> messages;
  if (auto system = render(system_); !system.empty())
    messages.push_back({"system", std::move(system)});
  messages.push_back({"user", std::move(prompt)});
  return messages;
}

std::vector<chat_message> hop::messages() const { return messages(render(*input_.prompt)); }

template <class Request>
Request hop::addressed() const {
  Request request;
  request.id = next_request_id();
  request.task = input_.task->place;
  request.label = spec_.name;
  request.model = spec_.model;
  request.time_limit = spec_.time_limit.value_or(0);
  request.prefix_scope = input_.task->prefix_scope;
  return request;
}

template <class Request>
Request hop::prepare(std::vector<chat_message> messages) const {
  auto request = addressed<Request>();
  request.context = context_;
  request.messages = std::move(messages);
  return request;
}

avp::generate hop::request(std::vector<chat_message> messages, int sample) const {
  auto request = prepare<avp::generate>(std::move(messages));
  request.max_new_tokens = spec_.max_new_tokens;
  request.sampling = spec_.sampling;
  request.stop = spec_.stop;
  request.seed = seed_of(spec_, *input_.task, sample, rounds_);
  return request;
}

hop::pending<think> hop::think() { return think(messages(), spec_.steps); }

hop::pending<think> hop::think(marked_text prompt, int steps) { return think(messages(std::move(prompt)), steps); }

hop::pending<think> hop::think(std::vector<chat_message> messages, int steps) {
  auto request = prepare<avp::think>(std::move(messages));
  request.steps = steps;
  request.explain = input_.explains;
  ++rounds_;
  return {*this, std::move(request)};
}

hop::pending<generate> hop::generate() {
  auto whole = request(messages());
  whole.on_text = input_.on_text;
  return generate(std::move(whole));
}

hop::pending<generate> hop::generate(marked_text prompt) { return generate(messages(std::move(prompt))); }

hop::pending<generate> hop::generate(std::vector<chat_message> messages) {
  return generate(request(std::move(messages)));
}

hop::pending<generate> hop::generate(avp::generate request) {
  ++rounds_;
  return {*this, std::move(request)};
}

hop::pending_group hop::together(std::vector<avp::generate> requests) {
  ++rounds_;
  return {*this, std::move(requests)};
}

eventually<std::vector<result>> hop::samples(int count, bool certainty) {
  co_await think(messages(), 0);
  std::vector<avp::generate> requests;
  for (int sample = 0; sample < count; ++sample) {
    requests.push_back(request({}, sample));
    requests.back().wants_certainty = certainty;
  }
  auto results = co_await together(std::move(requests));
  co_return results;
}

// The last callback may run the coroutine on and destroy this object: the loop looks at nothing of it.
void hop::pending_group::await_suspend(std::coroutine_handle<> waiting) {
  auto requests = std::move(requests_);
  auto& device = owner_.device_;
  open_ = requests.size();
  answers_.resize(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i)
    device.send(std::move(requests[i]), [this, i, waiting](tl::expected<result, failure> answer) {
      if (answer)
        answers_[i] = std::move(*answer);
      else if (!failure_)
        failure_ = std::move(answer.error());
      if (--open_ == 0)
        waiting.resume();
    });
}

std::vector<result> hop::pending_group::await_resume() {
  for (const auto& answer : answers_) // one that failed has none
    owner_.counts_ += answer.counts;
  if (failure_)
    throw request_failed(*failure_);
  const auto was_cut = [](const result& answer) { return answer.finish == finish_reason::length; };
  owner_.finish_ = std::ranges::all_of(answers_, was_cut) ? finish_reason::length : finish_reason::end_of_turn;
  return std::move(answers_);
}

// What another model thought, as a context of the agent's.
eventually<payload> hop::projected(payload thought, std::string model) {
  auto scoring = addressed<score_next>();
  scoring.model = std::move(model);
  scoring.context = std::move(thought);
  auto scored = co_await pending<score_next>(*this, std::move(scoring));
  auto projecting = addressed<project>();
  projecting.scores = std::move(scored.scores);
  auto made = co_await pending<project>(*this, std::move(projecting));
  co_return std::move(made.context);
}

hop::pending<join> hop::join() {
  auto request = addressed<avp::join>();
  request.contexts = std::move(input_.contexts);
  // A device knows the ways by the same words; a sequence is on one cache and joins nothing.
  request.merge = value_named<avp::merge>(name_of(spec_.merge)).value_or(merge::concatenate);
  request.rotate = spec_.rotate_keys;
  return {*this, std::move(request)};
}

hop::pending<join> hop::cut(payload context, std::int64_t begins) {
  auto request = addressed<avp::join>();
  request.contexts.push_back(std::move(context));
  request.keep = spec_.keep;
  request.hop_begins = begins;
  request.rotate = spec_.rotate_keys;
  return {*this, std::move(request)};
}

} // namespace avp
