// Beginning and end of a server.
#include "runtime/serve/api_service.hpp"

#include <utility>

#include <caf/scoped_actor.hpp>
#include <spdlog/spdlog.h>

#include "runtime/run/actor_config.hpp"

namespace avp {

api_service::api_service(std::vector<served_pipeline> pipelines, const registry& kinds, api_options options,
                         const queue_limits& limits, const std::function<void(const tcp_address&)>& on_listening)
    : keys_(keys_of(pipeline_with_nodes(pipelines))),
      config_(actor_config(pipeline_with_nodes(pipelines), keys_)),
      system_(*config_) {
  auto log = options.log;
  server_.emplace(std::move(options));
  if (on_listening)
    on_listening(server_->address());
  models_.emplace(system_, std::move(pipelines), kinds, keys_);
  start_queue_of(limits, std::move(log));
  server_->open(*models_, queue_);
}

void api_service::start_queue_of(const queue_limits& limits, std::shared_ptr<request_log> log) {
  queue_config config{.limits = limits, .log = std::move(log)};
  for (const auto& model : models_->all())
    for (const auto& [mode, asked] : model.asked)
      config.pipelines.push_back(asked);
  config.on_broken = [this](const failure& why) {
    if (is_broken_)
      return;
    spdlog::error("the server can't go on: {}", why.text);
    server_->break_off(why.text);
    is_broken_ = true;
  };
  queue_ = start_queue(system_, std::move(config));
}

api_service::~api_service() {
  caf::scoped_actor self(system_);
  self->monitor(queue_);
  self->send_exit(queue_, caf::exit_reason::user_shutdown);
  self->receive([](const caf::down_msg&) {}); // it hears of the end of the pipelines no more
}

} // namespace avp
