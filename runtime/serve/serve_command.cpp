// Arguments by CLI11.
#include "runtime/serve/serve_command.hpp"

#include <cstdio>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "runtime/os/program_version.hpp"
#include "transport/program_arguments.hpp"

namespace avp {

std::variant<serve_command, int> parse_serve_command(int argc, const char* const* argv) {
  serve_command line;
  CLI::App app("Serves pipelines of LLM agents behind the OpenAI API: each is a model that clients can ask.",
               "avp-serve");
  app.add_option("pipelines", line.pipelines, "Pipeline files (TOML)");
  app.add_option("--models", line.models,
                 "File (TOML) of [model.X] and [device.X] tables: models that are served without agents");
  app.add_option("--host", line.address.host,
                 "The address to listen at (default: 127.0.0.1, this machine only). Others need --api-keys");
  app.add_option("--port", line.address.port, "The port (default: 8080); 0 takes a free one");
  app.add_option("--api-keys", line.keys, "File of the keys that clients must give, one a line");
  app.add_option("--cors", line.cors, "The origin whose web pages may ask, such as https://app.example, or * for all")
      ->type_name("ORIGIN");
  app.add_option("--concurrency", line.queue.running,
                 "Tasks under way at most, over all pipelines (default: 64, as many as fill a batch)")
      ->check(CLI::Range(std::size_t{1}, std::size_t{10000}));
  app.add_option("--queue", line.queue.waiting,
                 "Tasks that may wait behind them (default: 256); what would be more is refused with 429")
      ->check(CLI::Range(std::size_t{0}, std::size_t{100000}));
  app.add_option("--plugin", line.plugins, "Shared library with agent kinds (repeatable)")->allow_extra_args(false);
  try {
    app.set_version_flag("--version", program_version("avp-serve"));
  } catch (const std::invalid_argument& error) {
    std::fprintf(stderr, "avp-serve: %s\n", error.what());
    return bad_arguments;
  }
  const auto check_together = [&] {
    if (line.pipelines.empty() && !line.models)
      throw CLI::RequiredError("pipelines or --models");
    if (!line.keys && !is_loopback(line.address))
      throw CLI::ValidationError("--host", "other machines can reach " + line.address.host +
                                               ", so clients must give a key: --api-keys FILE, one key a line");
  };
  if (const auto status = parse_arguments(app, argc, argv, check_together))
    return *status;
  return line;
}

} // namespace avp
