// avp-node, from arguments to exit status.
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <avp/gpu/device_error.hpp>
#include <avp/runtime/node/node_actor.hpp>
#include <avp/runtime/node/node_config.hpp>
#include <avp/runtime/node/node_main.hpp>
#include <avp/runtime/node/node_messages.hpp>
#include <avp/runtime/node/node_system.hpp>
#include <avp/runtime/os/interrupt.hpp>
#include <avp/runtime/os/plugin.hpp>
#include <avp/transport/random_id.hpp>

namespace avp {

namespace {

enum status : int { ended = 0, died = 1, bad_usage = 2 };

std::chrono::milliseconds timeout_of(const node_config& config) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(config.timeout * 1000));
}

// Every connection takes a file descriptor, those of strangers included, and where there is none left for a certificate
// CAF ends the process.
void raise_file_limit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0)
    return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

std::unique_ptr<context_exchange> open_exchange(caf::actor_system& system, const node_config& config,
                                                const std::optional<node_keys>& keys) {
  exchange_options options{.name = config.name, .endpoint = config.data};
  options.peer_timeout = timeout_of(config);
  options.heartbeat = options.peer_timeout / 5;
  if (keys) {
    options.keys = keys->curve;
    options.accepted_keys = keys->accepted;
  }
  auto exchange = context_exchange::start(system, std::move(options));
  if (!exchange)
    throw node_error("the data address " + config.data + " can't be listened on: " + exchange.error().message);
  return std::move(*exchange);
}

// Until the actor ends: by itself, or for a signal. Gives why.
caf::error wait_for_end(caf::actor_system& system, const caf::actor& node) {
  constexpr auto tick = std::chrono::milliseconds(50);
  caf::scoped_actor self(system);
  const interrupt_guard interrupts;
  self->monitor(node);
  std::optional<caf::error> why;
  bool leaving = false;
  while (!why) {
    self->receive([&](const caf::down_msg& message) { why = message.reason; }, caf::after(tick) >> [] {});
    if (interrupt_guard::interrupted() && !std::exchange(leaving, true)) {
      spdlog::info("leaving when the hops under way are done; a second signal stops at once");
      self->send(node, leave_node{});
    }
  }
  return *why;
}

int serve(const node_config& config, const registry& kinds) {
  raise_file_limit();
  std::optional<node_keys> keys;
  if (config.keys)
    keys = read_node_keys(*config.keys);
  node_system_config system_config(keys, timeout_of(config));
  caf::actor_system system(system_config);
  const auto exchange = open_exchange(system, config, keys);
  node_models models(system, config);
  node_parts parts{config.name, random_number(), keys ? keys->curve.public_key : "", &kinds, &models, exchange.get()};
  parts.patience = timeout_of(config);
  const auto node = start_node(system, parts);
  auto at = config.control;
  try {
    at.port = publish_node(node, at);
  } catch (const node_error&) {
    caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
    throw;
  }
  spdlog::info("node '{}' is ready: control on {}, data on {}{}", config.name, to_string(at), exchange->endpoint(),
               keys ? "" : ", without keys");
  const auto why = wait_for_end(system, node);
  if (!why)
    return ended;
  spdlog::error("the node ended: {}", text_of(why));
  return died;
}

int show_status(const node_config& config) {
  std::optional<node_keys> keys;
  if (config.keys)
    keys = read_node_keys(*config.keys);
  node_system_config system_config(keys, timeout_of(config));
  caf::actor_system system(system_config);
  caf::scoped_actor self(system);
  const auto any_host = config.control.host == "0.0.0.0" || config.control.host == "::";
  const auto host = any_host ? std::string("127.0.0.1") : config.control.host;
  const auto fail = [&](const caf::error& why) {
    spdlog::error("node '{}' does not answer at {}: {}", config.name, to_string(config.control), text_of(why));
  };
  caf::actor node;
  self->request(connector_of(system), timeout_of(config), caf::connect_atom::value, host, config.control.port)
      .receive([&](const caf::node_id&, const caf::strong_actor_ptr& actor,
                   const std::set<std::string>&) { node = caf::actor_cast<caf::actor>(actor); },
               fail);
  bool answered = false;
  if (node)
    self->request(node, timeout_of(config), status_request{})
        .receive(
            [&](const node_status& status) {
              std::printf("%s\n", status.json.c_str());
              answered = true;
            },
            fail);
  return answered ? ended : died;
}

int run(const std::filesystem::path& file, const std::vector<std::filesystem::path>& plugins, bool status,
        registry& kinds) {
  const auto loaded = load_node_config(file);
  if (!loaded.config) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_usage;
  }
  if (status)
    return show_status(*loaded.config);
  for (const auto& plugin : plugins)
    load_plugin(plugin, kinds);
  return serve(*loaded.config, kinds);
}

} // namespace

int node_main(int argc, const char* const* argv, registry kinds) {
  CLI::App app("Does hops of other machines' runs on the devices of this one.", "avp-node");
  std::filesystem::path file;
  std::vector<std::filesystem::path> plugins;
  bool status = false;
  app.set_version_flag("--version", "avp-node " AVP_VERSION);
  app.add_option("--config", file, "The node's file (TOML)")->required();
  app.add_option("--plugin", plugins, "Shared library with agent kinds (repeatable)")->allow_extra_args(false);
  app.add_flag("--status", status, "Shows what the node of this file does, and ends");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ended : bad_usage;
  }
  auto logger = spdlog::stderr_color_mt("avp-node");
  logger->set_pattern("%Y-%m-%d %H:%M:%S %^%l%$: %v");
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(file, plugins, status, kinds);
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return bad_usage;
  }
}

} // namespace avp
