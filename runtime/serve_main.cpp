// avp-serve, from arguments to exit status.
#include "runtime/serve_main.hpp"

#include <chrono>
#include <csignal>
#include <thread>

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include "runtime/os/interrupt.hpp"
#include "runtime/os/plugin.hpp"
#include "runtime/run/exit_status.hpp"
#include "runtime/serve/api_service.hpp"
#include "runtime/serve/bare_models.hpp"
#include "runtime/serve/conversation_agent.hpp"
#include "runtime/serve/serve_command.hpp"
#include "runtime/text/words.hpp"

namespace avp {

namespace {

// Clients have limits of their own; a supervisor too.
constexpr auto to_finish = std::chrono::hours(24);

constexpr std::size_t most_connections = 4096;

// Of all requests that are not answered yet.
constexpr std::uint64_t most_body_bytes = std::uint64_t{256} << 20;

// Each connection takes a file descriptor, and the usual limit is 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

api_options options_of(const serve_command& line) {
  api_options options;
  options.address = line.address;
  if (line.keys)
    options.keys = api_keys(*line.keys);
  options.cors = line.cors;
  options.limits.connections = most_connections;
  options.limits.all_body_bytes = most_body_bytes;
  return options;
}

std::vector<served_pipeline> read_pipelines(const serve_command& line, const registry& kinds) {
  std::vector<served_pipeline> pipelines;
  for (const auto& file : line.pipelines)
    pipelines.push_back(read_served_pipeline(file, kinds));
  if (line.models)
    for (auto& model : read_bare_models(*line.models, kinds))
      pipelines.push_back(std::move(model));
  share_models(pipelines);
  return pipelines;
}

std::string ids_of(const served_models& models) {
  std::vector<std::string> ids;
  for (const auto& model : models.all())
    ids.push_back(model.pipeline.id);
  return listed(ids);
}

// Until a signal, or until the models can't go on.
void wait_for_end(const api_service& service) {
  constexpr auto tick = std::chrono::milliseconds(50);
  while (!interrupt_guard::interrupted() && !service.is_broken())
    std::this_thread::sleep_for(tick);
}

int serve(const serve_command& line, const registry& kinds, interrupt_guard& interrupts) {
  raise_descriptor_limit();
  const auto say_where = [](const tcp_address& at) {
    spdlog::info("listening at http://{}, loading models", to_string(at));
  };
  api_service service(read_pipelines(line, kinds), kinds, options_of(line), line.queue, say_where);
  interrupts.finish_first("answering what is under way", true);
  spdlog::info("ready: http://{}/v1 serves {}", to_string(service.address()), ids_of(service.models()));
  wait_for_end(service);
  service.stop(to_finish);
  const auto status = service.is_broken() ? some_failed : all_done;
  interrupts.leave(status);
  return status;
}

} // namespace

int serve_main(int argc, const char* const* argv, registry kinds) {
  auto parsed = parse_serve_command(argc, argv);
  if (auto* status = std::get_if<int>(&parsed))
    return *status;
  const auto line = std::get<serve_command>(parsed);
  auto logger = spdlog::stderr_color_mt("avp-serve");
  logger->set_pattern("%Y-%m-%d %H:%M:%S %^%l%$: %v");
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    interrupt_guard interrupts("before anything was served");
    kinds.add<conversation_agent>(conversation_kind);
    for (const auto& plugin : line.plugins)
      load_plugin(plugin, kinds);
    return serve(line, kinds, interrupts);
  } catch (...) {
    return status_of_thrown();
  }
}

} // namespace avp
