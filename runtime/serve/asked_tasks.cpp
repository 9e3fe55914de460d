// Records made of conversations.
#include "runtime/serve/asked_tasks.hpp"

#include <algorithm>
#include <sstream>
#include <utility>

#include "runtime/pipeline/exact_json.hpp"
#include "runtime/pipeline/history.hpp"
#include "runtime/pipeline/input.hpp"
#include "runtime/serve/api_error.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

/// A question and what was said before it.
struct asked_question {
  std::string text;
  std::string history;
};

const char* speaker(const std::string& role) {
  return role == "user" ? "User" : role == "assistant" ? "Assistant" : role == "tool" ? "Tool" : "System";
}

std::vector<asked_question> questions_of(const api_request& request) {
  std::vector<asked_question> questions;
  for (const auto& prompt : request.prompts)
    questions.push_back({prompt, ""});
  if (request.kind == api_kind::completion)
    return questions;
  const auto last = std::ranges::find(request.turns.rbegin(), request.turns.rend(), "user", &chat_turn::role);
  if (last == request.turns.rend())
    throw request_refused({.message = "messages: there is none of the role user, and the last of them is the question",
                           .param = "messages"});
  return {{last->text, history_of(request.turns, static_cast<std::size_t>(request.turns.rend() - last) - 1)}};
}

// The conversation, or each of the prompts, as conversation_agent reads it.
std::vector<ordered_json> records_for_model(const api_request& request) {
  std::vector<ordered_json> records;
  if (!request.fields.empty())
    throw request_refused(
        {.message = "avp.fields: a model without agents reads messages alone", .param = "avp.fields"});
  for (const auto& tokens : request.token_prompts)
    records.push_back({{"tokens", tokens}});
  for (const auto& prompt : request.prompts)
    records.push_back({{"prompt", prompt}});
  if (request.kind == api_kind::completion)
    return records;
  auto messages = ordered_json::array();
  for (const auto& turn : request.turns) // of tools no model's template here knows
    messages.push_back({{"role", turn.role == "tool" ? "user" : turn.role}, {"content", turn.text}});
  return {{{"messages", std::move(messages)}}};
}

avp::mode mode_of(const api_request& request, const served_pipeline& asked) {
  const auto mode = request.mode.value_or(asked.usual);
  if (const auto why = asked.lacking.find(mode); why != asked.lacking.end())
    throw request_refused({.message = "avp.mode: \"" + asked.id + "\" can't run in mode " + std::string(name_of(mode)) +
                                      ": " + why->second,
                           .param = "avp.mode"});
  return mode;
}

void check_fields(const std::map<std::string, std::string>& fields, const plan& planned) {
  std::set<std::string> there;
  for (const auto& [name, value] : fields)
    there.insert(name);
  const auto missing = missing_fields(planned, there);
  if (!missing.empty())
    throw request_refused({.message = "avp.fields: the pipeline needs " + listed(missing) +
                                      ", too: {\"avp\": {\"fields\": {\"" + missing.front() + "\": …}}}",
                           .param = "avp.fields." + missing.front()});
}

/// Named as avp-run names a task of the same record.
std::string id_of(const ordered_json& fields, const served_pipeline& asked) {
  std::istringstream line(exact_text(fields));
  const auto& field = asked.whole->input.id; // which a message does not have, as a question of --ask does not
  const auto item = record_reader(line, field && fields.contains(*field) ? field : std::nullopt).next().value();
  if (const auto* bad = std::get_if<bad_line>(&item))
    throw request_refused({.message = "avp.fields: " + bad->message, .param = "avp.fields"});
  return std::get<record>(item).id;
}

std::vector<ordered_json> records_for_pipeline(const api_request& request, const served_pipeline& asked) {
  if (!request.token_prompts.empty())
    throw request_refused(
        {.message = "prompt: token ids are for models without agents; a pipeline reads text", .param = "prompt"});
  if (request.fields.contains(asked.ask))
    throw request_refused({.message = "avp.fields." + asked.ask + ": this is the field that the user's message fills",
                           .param = "avp.fields." + asked.ask});
  std::vector<ordered_json> records;
  for (const auto& question : questions_of(request)) {
    auto& record = records.emplace_back(request.fields);
    record[asked.ask] = question.text;
    if (const std::string history(history_variable); !question.history.empty() && !record.contains(history))
      record[history] = question.history;
  }
  return records;
}

task_input task_of(const ordered_json& fields, const api_request& request, const served_pipeline& asked,
                   const plan& planned) {
  task_input task;
  task.fields = template_values(fields);
  check_fields(task.fields, planned);
  task.id = request.id ? *request.id : id_of(fields, asked);
  task.asked = request.settings;
  return task;
}

} // namespace

std::string history_of(const std::vector<chat_turn>& turns, std::size_t question) {
  std::string all;
  for (std::size_t i = 0; i < turns.size(); ++i)
    if (i != question && !turns[i].text.empty())
      all += (all.empty() ? "" : "\n\n") + std::string(speaker(turns[i].role)) + ": " + turns[i].text;
  return all;
}

asked_tasks tasks_of(const api_request& request, const served_pipeline& asked) {
  asked_tasks all{mode_of(request, asked), {}, static_cast<std::size_t>(request.n)};
  const auto& planned = asked.plans.at(all.mode);
  for (const auto& record : asked.is_bare ? records_for_model(request) : records_for_pipeline(request, asked))
    all.questions.push_back(task_of(record, request, asked, planned));
  return all;
}

task_input asked_tasks::task(std::size_t choice) const {
  auto made = questions.at(choice / n);
  if (const auto sample = choice % n; sample > 0)
    made.id += "#" + std::to_string(sample);
  return made;
}

} // namespace avp
