// avp-run, from arguments to exit status.
#include <csignal>
#include <cstdio>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/atom.hpp>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <avp/gpu/model/model_error.hpp>
#include <avp/runtime/explain.hpp>
#include <avp/runtime/node/cluster.hpp>
#include <avp/runtime/node/node_system.hpp>
#include <avp/runtime/os/plugin.hpp>
#include <avp/runtime/os/sandbox.hpp>
#include <avp/runtime/pipeline/dot.hpp>
#include <avp/runtime/pipeline/pipeline_file.hpp>
#include <avp/runtime/results/output_directory.hpp>
#include <avp/runtime/run/command_line.hpp>
#include <avp/runtime/run/run_all.hpp>
#include <avp/runtime/run/run_devices.hpp>
#include <avp/runtime/run_main.hpp>

namespace avp {

namespace {

load_options options_of(const command_line& line, const registry& kinds) {
  load_options options;
  options.kinds = kinds.kinds();
  options.overrides = line.set;
  options.input = line.input;
  options.limit = line.limit;
  options.ask = line.ask.has_value();
  if (line.mode)
    options.modes = modes_named(*line.mode);
  return options;
}

std::unique_ptr<caf::actor_system_config> system_config(const pipeline& pipeline,
                                                        const std::optional<node_keys>& keys) {
  if (has_nodes(pipeline))
    return std::make_unique<node_system_config>(
        keys, std::chrono::milliseconds(static_cast<std::int64_t>(pipeline.node_rules.timeout * 1000)));
  auto config = std::make_unique<caf::actor_system_config>();
  config->set("scheduler.policy", caf::atom("sharing")); // the stealing policy polls beside the arithmetic threads
  return config;
}

// `read_stdin`: the run goes on, and standard input is given once more.
int run_pipeline(const command_line& line, const registry& kinds, resumption* earlier, bool read_stdin) {
  auto loaded = earlier ? earlier->load(kinds.kinds()) : load_pipeline_file(line.pipeline, options_of(line, kinds));
  if (!loaded.pipeline) {
    std::fputs(to_string(loaded.mistakes).c_str(), stderr);
    return bad_usage;
  }
  const auto& pipeline = *loaded.pipeline;
  auto stages = run_stages(pipeline, kinds.kinds());
  if (line.check)
    return explain(pipeline, stages) ? all_done : bad_usage;
  if (line.graph) {
    std::fputs(to_dot(*stages.front().pipeline, stages.front().plan).c_str(), stdout);
    return all_done;
  }
  input_source input(pipeline, line.ask);
  std::optional<node_keys> keys;
  if (has_nodes(pipeline) && pipeline.node_rules.keys)
    keys = read_node_keys(*pipeline.node_rules.keys);
  const run_parts parts{line, pipeline, kinds, input, keys, earlier};
  if (earlier) {
    earlier->check_input(pipeline, input, read_stdin);
    earlier->restore();
    if (earlier->is_complete(stages.size(), read_stdin))
      return show_complete(parts, stages);
  }
  const auto config = system_config(pipeline, keys);
  caf::actor_system system(*config);
  return run_all(system, parts, std::move(stages));
}

} // namespace

int run_main(int argc, const char* const* argv, registry kinds) {
  auto parsed = parse_command_line(argc, argv);
  if (auto* status = std::get_if<int>(&parsed))
    return *status;
  auto line = std::get<command_line>(parsed);
  auto logger = spdlog::stderr_color_mt("avp-run");
  logger->set_pattern("%^%l%$: %v");
  logger->set_level(line.quiet ? spdlog::level::err : spdlog::level::info);
  spdlog::set_default_logger(logger);
  std::signal(SIGPIPE, SIG_IGN); // a reader that went away is an error of the write
  std::signal(SIGXFSZ, SIG_IGN); // likewise a file that may not grow
  try {
    std::optional<resumption> earlier;
    const bool read_stdin = line.input.has_value();
    if (line.resume)
      line = earlier.emplace(*line.resume).arguments(line);
    for (const auto& plugin : line.plugins)
      load_plugin(plugin, kinds);
    return run_pipeline(line, kinds, earlier ? &*earlier : nullptr, read_stdin);
  } catch (const plugin_error& error) {
    spdlog::error("{}", error.what());
  } catch (const model_error& error) {
    spdlog::error("{}", error.what());
  } catch (const node_error& error) {
    spdlog::error("{}", error.what());
  } catch (const write_error& error) {
    spdlog::error("{}", error.what());
  } catch (const sandbox_error& error) {
    spdlog::error("{}", error.what());
  } catch (const listen_error& error) {
    spdlog::error("{}", error.what());
  } catch (const resume_error& error) {
    spdlog::error("{}", error.what());
  } catch (const journal_error& error) {
    spdlog::error("{}", error.what());
  } catch (const std::exception& error) {
    spdlog::error("{}", error.what());
    return some_failed;
  }
  return bad_usage;
}

} // namespace avp
