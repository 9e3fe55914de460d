// avp-node, from arguments to exit status.
#include "runtime/node/node_main.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <caf/scoped_actor.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "gpu/device_error.hpp"
#include "gpu/thrown.hpp"
#include "runtime/node/caf_guards.hpp"
#include "runtime/node/node_config.hpp"
#include "runtime/node/node_messages.hpp"
#include "runtime/node/node_system.hpp"
#include "runtime/node/start_node.hpp"
#include "runtime/os/interrupt.hpp"
#include "runtime/os/plugin.hpp"
#include "runtime/os/program_version.hpp"
#include "runtime/os/standard_output.hpp"
#include "transport/program_arguments.hpp"
#include "transport/random_id.hpp"

namespace avp {

namespace {

enum status : int { ended = 0, died = 1 };

std::chrono::milliseconds timeout_of(const node_config& config) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(config.timeout * 1000));
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
caf::error wait_for_end(caf::actor_system& system, const node_host& node) {
  constexpr auto tick = std::chrono::milliseconds(50);
  caf::scoped_actor self(system);
  self->monitor(node);
  std::optional<caf::error> why;
  bool leaving = false;
  while (!why) {
    self->receive([&](const caf::down_msg& message) { why = message.reason; }, caf::after(tick) >> [] {});
    if (interrupt_guard::interrupted() && !std::exchange(leaving, true))
      self->send(node, leave_node{});
  }
  return *why;
}

int serve(const node_config& config, const registry& kinds, interrupt_guard& interrupts) {
  guard_against_many_connections();
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
    at.port = publish_node(system, node, at);
  } catch (const node_error&) {
    caf::anon_send_exit(node, caf::exit_reason::user_shutdown);
    throw;
  }
  spdlog::info("node '{}' is ready: control on {}, data on {}{}", config.name, to_string(at), exchange->endpoint(),
               keys ? "" : ", without keys");
  interrupts.finish_first("leaving when the hops under way are done");
  const auto why = wait_for_end(system, node);
  if (why)
    spdlog::error("the node ended: {}", text_of(why));
  const auto result = why ? died : ended;
  interrupts.leave(result);
  return result;
}

// Who listens at every address of this machine is asked at its own.
tcp_address reachable_form(const tcp_address& listening) {
  if (!is_wildcard(listening))
    return listening;
  const bool ipv4 =
      listening.host == "0.0.0.0" || resolve(listening).value_or(std::vector{listening})[0].host == "0.0.0.0";
  return {ipv4 ? "127.0.0.1" : "::1", listening.port};
}

// A node that is busy answers late, and is still worth asking.
std::chrono::milliseconds status_patience(const node_config& config) {
  return std::max<std::chrono::milliseconds>(timeout_of(config), std::chrono::seconds(30));
}

int show_status(const node_config& config) {
  std::optional<node_keys> keys;
  if (config.keys)
    keys = read_node_keys(*config.keys);
  node_system_config system_config(keys, status_patience(config));
  caf::actor_system system(system_config);
  caf::scoped_actor self(system);
  const auto silent = [&](const std::string& why) {
    spdlog::error("node '{}' does not answer at {}: {}", config.name, to_string(config.control), why);
  };
  const auto fail = [&](const caf::error& why) { silent(text_of(why)); };
  const auto where = find_reachable(reachable_form(config.control), timeout_of(config));
  if (!where) {
    silent(where.error().message);
    return died;
  }
  node_actor node;
  self->request(connector_of(system), status_patience(config), caf::connect_atom::value, where->host, where->port)
      .receive([&](const caf::node_id&, const caf::strong_actor_ptr& actor,
                   const std::set<std::string>&) { node = caf::actor_cast<node_actor>(actor); },
               fail);
  bool answered = false;
  if (node)
    self->request(node, status_patience(config), status_request{})
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
  interrupt_guard interrupts("");
  const auto loaded = load_node_config(file);
  if (!loaded.config) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_arguments;
  }
  if (status) {
    const auto shown = show_status(*loaded.config);
    write_stdout("");
    return shown;
  }
  for (const auto& plugin : plugins)
    load_plugin(plugin, kinds);
  return serve(*loaded.config, kinds, interrupts);
}

} // namespace

int node_main(int argc, const char* const* argv, registry kinds) {
  CLI::App app("Does hops of other machines' runs on the devices of this one.", "avp-node");
  std::filesystem::path file;
  std::vector<std::filesystem::path> plugins;
  bool shows_status = false;
  app.add_option("--config", file, "The node's file (TOML)")->required();
  app.add_option("--plugin", plugins, "Shared library with agent kinds (repeatable)")->allow_extra_args(false);
  app.add_flag("--status", shows_status, "Shows what the node of this file does, and ends");
  try {
    app.set_version_flag("--version", program_version("avp-node"));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "avp-node: %s\n", error.what());
    return bad_arguments;
  }
  if (const auto status = parse_arguments(app, argc, argv))
    return *status;
  auto logger = spdlog::stderr_color_mt("avp-node");
  logger->set_pattern("%Y-%m-%d %H:%M:%S %^%l%$: %v");
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(file, plugins, shows_status, kinds);
  } catch (const reader_gone&) {
    return died;
  } catch (...) {
    spdlog::error("{}", text_of(std::current_exception()));
    return bad_arguments;
  }
}

} // namespace avp
