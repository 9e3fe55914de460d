// Routes of the OpenAI API over the web server.
#include "runtime/serve/api_server.hpp"

#include <ctime>
#include <utility>

#include <caf/send.hpp>

#include "gpu/user_error.hpp"
#include "runtime/serve/asked_tasks.hpp"
#include "runtime/serve/request_fields.hpp"
#include "transport/random_id.hpp"

namespace avp {

namespace {

using nlohmann::ordered_json;

/// More than any model here reads: some hundred thousand words.
constexpr std::uint64_t most_body_bytes = std::uint64_t{4} << 20;

/// Read requests at a time; what they ask is computed elsewhere.
constexpr unsigned readers = 2;

constexpr auto metrics_type = "text/plain; version=0.0.4; charset=utf-8";

web_answer json_answer(const ordered_json& value) {
  return {.body = json_text(value) + "\n", .type = "application/json"};
}

ordered_json model_json(const served_model& model) {
  return {{"id", model.pipeline.id}, {"object", "model"}, {"created", model.created}, {"owned_by", "avp"}};
}

/// The path without /v1 in front, which clients may leave out.
std::string_view bare_path(std::string_view path) {
  return path.starts_with("/v1/") ? path.substr(std::string_view("/v1").size()) : path;
}

std::string name_for(api_kind kind) { return (kind == api_kind::chat ? "chatcmpl-" : "cmpl-") + random_id(); }

} // namespace

api_server::api_server(api_options options) : options_(std::move(options)) {
  web_options web;
  web.address = options_.address;
  web.limits = options_.limits;
  web.handler_threads = readers;
  web.check = [this](const web_request& request) { return check(request); };
  web.refusal = [this](int status, const std::string& message) { return refusal(status, message); };
  if (!options_.cors.empty()) {
    web.headers.push_back({"Access-Control-Allow-Origin", options_.cors});
    web.headers.push_back({"Vary", "Origin"});
  }
  web.routes = routes();
  auto started = web_server::start(std::move(web));
  if (!started)
    throw user_error("cannot serve at " + to_string(options_.address) +
                     ": the port is taken or the address is not one of this machine; name another one with --port or "
                     "--host (" +
                     started.error().message + ")");
  web_ = std::move(*started);
}

void api_server::open(const served_models& models, const ask_queue& queue) {
  const std::lock_guard lock(mutex_);
  behind_ = behind{&models, queue, models.metrics_source()};
}

void api_server::break_off(const std::string& why) {
  const std::lock_guard lock(mutex_);
  broken_ = why;
}

std::vector<web_route> api_server::routes() {
  std::vector<web_route> all;
  const auto get = [&](const std::string& path, auto answer) {
    all.push_back(
        {.method = "GET", .path = path, .handle = [answer](const web_request& request, const web_responder& responder) {
           try {
             responder.answer(answer(request));
           } catch (const request_refused& refused) {
             responder.answer(to_answer(refused.why()));
           }
         }});
  };
  const auto post = [&](const std::string& path, api_kind kind) {
    all.push_back({.method = "POST",
                   .path = path,
                   .handle = [this, kind](const web_request& request,
                                          const web_responder& responder) { ask(kind, request, responder); },
                   .max_body_bytes = most_body_bytes,
                   .may_block = true});
  };
  get("/health", [this](const web_request&) { return health(); });
  get("/metrics", [this](const web_request&) { return metrics(); });
  for (const std::string prefix : {"/v1", ""}) {
    get(prefix + "/models", [this](const web_request&) { return list_models(); });
    get(prefix + "/models/", [this](const web_request& request) {
      return one_model(std::string(bare_path(request.path).substr(std::string_view("/models/").size())));
    });
    post(prefix + "/chat/completions", api_kind::chat);
    post(prefix + "/completions", api_kind::completion);
  }
  return all;
}

// Before a body is read. Whoever asks for nothing but the server's health, or what a page may ask, needs no key.
std::optional<web_answer> api_server::check(const web_request& request) {
  if (request.method == "OPTIONS" && !options_.cors.empty())
    return web_answer{.status = 204,
                      .headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
                                  {"Access-Control-Allow-Headers", "Authorization, Content-Type, *"},
                                  {"Access-Control-Max-Age", "86400"}}};
  if (request.path == "/health" || options_.keys.admit(request.header("Authorization")))
    return std::nullopt;
  options_.log->add({.method = request.method, .path = request.path, .status = 401});
  return to_answer({.status = 401,
                    .message = "This server lets in who gives one of its keys: Authorization: Bearer KEY",
                    .code = "invalid_api_key",
                    .headers = {{"WWW-Authenticate", "Bearer"}}});
}

web_answer api_server::refusal(int status, const std::string& message) {
  return to_answer({.status = status, .message = message});
}

api_server::behind api_server::what_is_behind() const {
  const std::lock_guard lock(mutex_);
  if (!broken_.empty())
    throw request_refused({.status = 503,
                           .message = "The server can't go on: " + broken_,
                           .code = "broken",
                           .headers = {{"x-should-retry", "false"}}});
  if (!behind_)
    throw request_refused({.status = 503,
                           .message = "The models are being loaded; try again in some seconds.",
                           .code = "loading",
                           .headers = {{"Retry-After", "2"}}});
  return *behind_;
}

web_answer api_server::health() const {
  [[maybe_unused]] const auto there = what_is_behind();
  return json_answer({{"status", "ok"}});
}

web_answer api_server::metrics() const {
  return {.body = what_is_behind().device_metrics() + options_.log->metrics(), .type = metrics_type};
}

web_answer api_server::list_models() const {
  auto data = ordered_json::array();
  for (const auto& model : what_is_behind().models->all())
    data.push_back(model_json(model));
  return json_answer({{"object", "list"}, {"data", std::move(data)}});
}

web_answer api_server::one_model(const std::string& id) const {
  return json_answer(model_json(what_is_behind().models->find(id)));
}

void api_server::ask(api_kind kind, const web_request& request, const web_responder& responder) {
  const auto arrived = std::chrono::steady_clock::now();
  try {
    begin(kind, request, responder);
  } catch (const request_refused& refused) {
    responder.answer(to_answer(refused.why()));
    const std::chrono::duration<double, std::milli> spent = std::chrono::steady_clock::now() - arrived;
    options_.log->add({.method = request.method,
                       .path = request.path,
                       .status = refused.why().status,
                       .ms = spent.count(),
                       .error = refused.why().message});
  }
}

void api_server::begin(api_kind kind, const web_request& request, const web_responder& responder) {
  const auto there = what_is_behind();
  const auto body = read_body(request.text());
  const auto asked = kind == api_kind::chat ? read_chat_request(body) : read_completion_request(body);
  const auto& model = there.models->find(asked.model);
  auto tasks = tasks_of(asked, model.pipeline);
  const answer_head head{kind,
                         name_for(kind),
                         std::time(nullptr),
                         model.pipeline.id,
                         model.pipeline.plans.at(tasks.mode).output,
                         asked.stream && asked.include_usage};
  request_record_line line{
      .id = head.id, .model = head.model, .method = request.method, .path = request.path, .stream = asked.stream};
  const auto made = std::make_shared<queued_request>();
  made->number = next_number_++;
  made->asked = model.asked.at(tasks.mode);
  made->answer = asked.stream ? open_streamed_answer(head, tasks.size(), asked.include_usage, responder,
                                                     std::move(line), options_.log, options_.silence)
                              : open_whole_answer(head, tasks.size(), responder, std::move(line), options_.log);
  made->tasks = std::move(tasks);
  caf::anon_send(there.queue, take_request{made});
  // Behind the request, so that the queue knows of it when it hears that the client is gone.
  responder.on_close([queue = there.queue, number = made->number] { caf::anon_send(queue, client_left{number}); });
}

} // namespace avp
